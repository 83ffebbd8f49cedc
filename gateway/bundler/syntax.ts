import { type Function as FunctionNode, type Options, Parser, type Program } from "acorn";

/** A module, or what stands in a function, as syntax: without the statements of the functions in it, which are most of a large bundle. */
export interface Syntax {
  readonly source: string;
  readonly program: Program;
}

const MODULE: Options = { ecmaVersion: "latest", sourceType: "module" };

/** In a function names may be declared twice, and there are statements that a module has not. */
const IN_FUNCTION: Options = {
  ecmaVersion: "latest",
  sourceType: "script",
  allowAwaitOutsideFunction: true,
  allowImportExportEverywhere: true,
  allowReturnOutsideFunction: true,
  allowSuperOutsideMethod: true,
};

/** Methods of acorn's parser that its types lack, and that its plugins extend. */
type ExtensibleParser = new (
  options: Options,
  source: string,
) => {
  parseFunctionBody(node: FunctionNode, ...others: unknown[]): void;
  declareName(...others: unknown[]): void;
  checkLocalExport(...others: unknown[]): void;
};

/**
 * Forgets the statements of each function once they are parsed: a tree of all of a bundle would take a hundred times its size. It does not
 * look for names that are declared twice, or not at all: esbuild has done so, and acorn takes a time that grows with their square.
 */
const LightParser = Parser.extend((base) => {
  const Base = base as unknown as ExtensibleParser;
  const Light = class extends Base {
    override parseFunctionBody(node: FunctionNode, ...others: unknown[]): void {
      super.parseFunctionBody(node, ...others);
      if (node.body.type === "BlockStatement") node.body.body = [];
    }
    override declareName(): void {}
    override checkLocalExport(): void {}
  };
  return Light as unknown as typeof Parser;
});

/** Parses a module. Undefined where acorn does not know what esbuild knows. */
export function parseModule(source: string): Syntax | undefined {
  return parse(source, MODULE);
}

/** The statements of a function of the module; undefined when they cannot be parsed by themselves. */
export function parseBody({ source }: Pick<Syntax, "source">, { body }: FunctionNode): Syntax | undefined {
  return body.type === "BlockStatement" ? parse(source.slice(body.start + 1, body.end - 1), IN_FUNCTION) : undefined;
}

function parse(source: string, options: Options): Syntax | undefined {
  try {
    return { source, program: LightParser.parse(source, options) };
  } catch {
    // A SyntaxError; the source is esbuild's, and so right.
    return undefined;
  }
}
