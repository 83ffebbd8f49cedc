/** An import in the upload. */
export interface ImportSite {
  readonly specifier: string;
  /** Path of the importing file. */
  readonly importer: string;
  /** `require(…)` rather than `import`. */
  readonly isRequire: boolean;
  /** `require(…)` or `import(…)`: it may be in a `try`, or never run. */
  readonly isLate: boolean;
  /** Whether the specifier is the result of an import map, which applies only once. */
  readonly isMapped?: boolean;
}

/** Whether the importer is in a package of `node_modules`. */
export function isOfDependency({ importer }: ImportSite): boolean {
  return importer.includes("node_modules/");
}
