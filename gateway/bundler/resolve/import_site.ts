/** One import of the upload. */
export interface ImportSite {
  readonly specifier: string;
  /** Path of the importing file. */
  readonly importer: string;
  /** `require(…)` rather than `import`. */
  readonly isRequire: boolean;
  /** `require(…)` or `import(…)`: it may be in a `try`, or never run. */
  readonly isLate: boolean;
  /** Whether the specifier came out of an import map, which is asked once. */
  readonly isMapped?: boolean;
}

/** Whether the import stands in a package of `node_modules`. */
export function isOfDependency({ importer }: ImportSite): boolean {
  return importer.includes("node_modules/");
}
