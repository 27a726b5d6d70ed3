import { dirname, join, normalize } from "node:path";
import { type Node, SyntaxKind } from "typescript/unstable/ast";
import * as is from "typescript/unstable/ast/is";
import { createVirtualFileSystem } from "typescript/unstable/fs";
import { API } from "typescript/unstable/sync";

/** One import or re-export of a file, or one `import()` in it. */
export interface Import {
  /** A file's path from the root, or a package's specifier. */
  readonly target: string;
  /** The exports of the target that it takes. */
  readonly names: readonly string[];
  /** Whether it takes the target whole; what it uses of that is among {@link Source.taken}. */
  readonly isWhole: boolean;
}

/** One name that a file exports. */
export interface Export {
  readonly name: string;
  readonly hasDocComment: boolean;
}

/** What a file's text says of the house. */
export interface Source {
  readonly imports: readonly Import[];
  readonly exports: readonly Export[];
  /** The names that the file takes out of objects: by a dot, or by a pattern. */
  readonly taken: ReadonlySet<string>;
}

/** A computed `import()` could import anything. */
export const UNKNOWN_TARGET = "(computed)";

/** Where the compiler finds the texts, which need not be on any disk. */
const ROOT = "/house";

const CONFIG = JSON.stringify({
  compilerOptions: { noResolve: true, noLib: true, types: [], noEmit: true, module: "nodenext" },
  include: ["**/*.ts"],
});

/** Parses the texts of files, by their paths from the root, with the compiler. Its API is not stable yet. */
export function parse(texts: ReadonlyMap<string, string>): ReadonlyMap<string, Source> {
  const files = Array.from(texts, ([file, text]) => [`${ROOT}/${file}`, text]);
  const fs = createVirtualFileSystem(Object.fromEntries([...files, [`${ROOT}/tsconfig.json`, CONFIG]]));
  const api = new API({ cwd: ROOT, fs });
  try {
    const [project] = api.updateSnapshot({ openProjects: [`${ROOT}/tsconfig.json`] }).getProjects();
    return new Map(
      [...texts.keys()].map((file) => {
        const parsed = project?.program.getSourceFile(`${ROOT}/${file}`);
        if (parsed === undefined) throw new Error(`The compiler does not know ${file}.`);
        return [file, read(file, parsed)];
      }),
    );
  } finally {
    api.close();
  }
}

function read(file: string, parsed: Node): Source {
  const imports: Import[] = [];
  const exports: Export[] = [];
  const taken = new Set<string>();
  function visit(node: Node): void {
    imports.push(...importsOf(node).map((one) => ({ ...one, target: pathOf(one.target, file) })));
    exports.push(...exportsOf(node));
    if (is.isPropertyAccessExpression(node)) taken.add(node.name.text);
    if (is.isQualifiedName(node)) taken.add(node.right.text);
    if (is.isObjectBindingPattern(node))
      for (const { propertyName, name } of node.elements) taken.add(textOf(propertyName ?? name));
    node.forEachChild(visit);
  }
  parsed.forEachChild(visit);
  return { imports, exports, taken };
}

function pathOf(specifier: string, file: string): string {
  return specifier.startsWith(".") ? normalize(join(dirname(file), specifier)) : specifier;
}

function importsOf(node: Node): readonly Import[] {
  if (is.isImportDeclaration(node)) {
    const { name, namedBindings: bindings } = node.importClause ?? {};
    const named = bindings && is.isNamedImports(bindings) ? bindings.elements : [];
    const names = named.map((one) => textOf(one.propertyName ?? one.name));
    const isWhole = bindings !== undefined && is.isNamespaceImport(bindings);
    return [{ target: textOf(node.moduleSpecifier), names: name ? [...names, "default"] : names, isWhole }];
  }
  if (is.isExportDeclaration(node) && node.moduleSpecifier) {
    const named = node.exportClause && is.isNamedExports(node.exportClause) ? node.exportClause.elements : undefined;
    const names = named?.map((one) => textOf(one.propertyName ?? one.name)) ?? [];
    return [{ target: textOf(node.moduleSpecifier), names, isWhole: named === undefined }];
  }
  if (is.isImportTypeNode(node)) {
    const { argument, qualifier } = node;
    const target = is.isLiteralTypeNode(argument) ? textOf(argument.literal) : UNKNOWN_TARGET;
    return [{ target, names: qualifier ? [firstOf(qualifier)] : [], isWhole: qualifier === undefined }];
  }
  const isImport = is.isCallExpression(node) && node.expression.kind === SyntaxKind.ImportKeyword;
  if (!isImport) return [];
  const [specifier] = node.arguments;
  return [{ target: specifier ? textOf(specifier) : UNKNOWN_TARGET, names: [], isWhole: true }];
}

function exportsOf(node: Node): readonly Export[] {
  const hasDocComment = (node.jsDoc?.length ?? 0) > 0;
  const named = (names: readonly string[]) => names.map((name) => ({ name, hasDocComment }));
  if (is.isExportAssignment(node)) return named(["default"]);
  if (is.isExportDeclaration(node)) {
    const { exportClause: clause } = node;
    if (clause === undefined) return named(["*"]);
    return named(is.isNamedExports(clause) ? clause.elements.map(({ name }) => textOf(name)) : [textOf(clause.name)]);
  }
  const modifiers = modifiersOf(node);
  if (!modifiers.includes(SyntaxKind.ExportKeyword)) return [];
  if (modifiers.includes(SyntaxKind.DefaultKeyword)) return named(["default"]);
  if (is.isVariableStatement(node))
    return named(node.declarationList.declarations.flatMap(({ name }) => boundBy(name)));
  return "name" in node ? named([textOf(node.name as Node)]) : [];
}

function modifiersOf(node: Node): readonly SyntaxKind[] {
  const { modifiers = [] } = node as { readonly modifiers?: readonly Node[] };
  return modifiers.map(({ kind }) => kind);
}

/** The names that a pattern binds, or the one that is no pattern. */
function boundBy(name: Node | undefined): readonly string[] {
  if (name === undefined) return [];
  if (!is.isObjectBindingPattern(name) && !is.isArrayBindingPattern(name)) return [textOf(name)];
  return name.elements.flatMap((element) => (is.isBindingElement(element) ? boundBy(element.name) : []));
}

/** The first name of a dotted one. */
function firstOf(name: Node): string {
  return is.isQualifiedName(name) ? firstOf(name.left) : textOf(name);
}

function textOf(node: Node | undefined): string {
  if (node === undefined) return UNKNOWN_TARGET;
  if (is.isIdentifier(node) || is.isStringLiteral(node) || is.isNoSubstitutionTemplateLiteral(node)) return node.text;
  return UNKNOWN_TARGET;
}
