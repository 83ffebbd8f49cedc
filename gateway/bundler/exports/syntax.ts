import { type AnyNode, type Function as FunctionNode, type Options, Parser, type Program } from "acorn";
import { ChangeLog, type Changes } from "./changes.ts";

/** The syntax of a module or function body, without the bodies of inner functions, which are most of a large bundle. */
export interface Syntax {
  readonly source: string;
  readonly program: Program;
  readonly changes: Changes;
}

const MODULE: Options = { ecmaVersion: "latest", sourceType: "module" };

/** Functions may declare a name twice, and contain statements that a module may not. */
const IN_FUNCTION: Options = {
  ecmaVersion: "latest",
  sourceType: "script",
  allowAwaitOutsideFunction: true,
  allowImportExportEverywhere: true,
  allowReturnOutsideFunction: true,
  allowSuperOutsideMethod: true,
};

/** Methods of acorn's parser that plugins extend and its types lack. */
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
 * Drops the body of each function once it is parsed: the whole tree of a bundle would take a hundred times its size. Does not check for
 * duplicate or undeclared names: esbuild has done so, and acorn takes quadratic time.
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

/** Parses a module. Returns undefined for syntax that acorn does not know. */
export function parseModule(source: string): Syntax | undefined {
  return parse(source, MODULE);
}

/** Parses the body of a function of the module; undefined if it cannot be parsed on its own. */
export function parseBody({ source }: Pick<Syntax, "source">, { body }: FunctionNode): Syntax | undefined {
  return body.type === "BlockStatement" ? parse(source.slice(body.start + 1, body.end - 1), IN_FUNCTION) : undefined;
}

function parse(source: string, options: Options): Syntax | undefined {
  try {
    const parser = new LightParser(options, source);
    return { source, program: parser.parse(), changes: parser.changes };
  } catch {
    // A SyntaxError of acorn: esbuild's output is valid.
    return undefined;
  }
}
