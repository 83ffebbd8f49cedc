import { type AnyNode, type Function as FunctionNode, type Options, Parser, type Program } from "acorn";
import { ChangeLog, type Changes } from "./changes.ts";

/** A module, or what stands in a function, as syntax: without the statements of the functions in it, which are most of a large bundle. */
export interface Syntax {
  readonly source: string;
  readonly program: Program;
  readonly changes: Changes;
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
  parse(): Program;
  finishNode(node: AnyNode, ...others: unknown[]): AnyNode;
  parseFunctionBody(node: FunctionNode, ...others: unknown[]): void;
  declareName(...others: unknown[]): void;
  checkLocalExport(...others: unknown[]): void;
};

/**
 * Forgets the statements of each function once they are parsed: a tree of all of a bundle would take a hundred times its size. It does not
 * look for names that are declared twice, or not at all: esbuild has done so, and acorn takes a time that grows with their square.
 */
class LightParser extends (Parser as unknown as ExtensibleParser) {
  readonly changes = new ChangeLog();
  override finishNode(node: AnyNode, ...others: unknown[]): AnyNode {
    const finished = super.finishNode(node, ...others);
    this.changes.add(finished);
    return finished;
  }
  override parseFunctionBody(node: FunctionNode, ...others: unknown[]): void {
    super.parseFunctionBody(node, ...others);
    if (node.body.type === "BlockStatement") node.body.body = [];
  }
  override declareName(): void {}
  override checkLocalExport(): void {}
}

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
    const parser = new LightParser(options, source);
    return { source, program: parser.parse(), changes: parser.changes };
  } catch {
    // A SyntaxError; the source is esbuild's, and so right.
    return undefined;
  }
}
