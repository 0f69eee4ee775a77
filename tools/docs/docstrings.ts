// Reads what the sources of @penstock/pipelines say of themselves: docstrings and members.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from '../install/repository.mjs';

const library = join(root, 'libs', 'pipelines', 'src');

export interface Member {
  readonly name: string;
  /** As TypeScript writes it. */
  readonly type: string;
  readonly isOptional: boolean;
  readonly text: string;
}

/**
 * The members of an interface, or the methods and getters of a class. Each has to have a docstring.
 *
 * @param file below the sources of the library
 */
export function membersOf(file: string, name: string): Member[] {
  const source = parse(file);
  const found = source.statements.find(
    (node): node is ts.InterfaceDeclaration | ts.ClassDeclaration =>
      (ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node)) && node.name?.text === name,
  );
  if (found === undefined) throw new Error(`${file} has no ${name}`);
  const members: readonly (ts.TypeElement | ts.ClassElement)[] = found.members;
  const seen = new Set<string>();
  return members.flatMap((member) => {
    if (member.name === undefined || ts.isPrivateIdentifier(member.name)) return [];
    if (ts.isConstructorDeclaration(member)) return [];
    const memberName = member.name.getText(source);
    // The first of several ways to call a method says what all of them do.
    if (seen.has(memberName)) return [];
    seen.add(memberName);
    const text = required(docOf(member), `${file} ${name}.${memberName}`);
    return [
      {
        name: memberName,
        type: typeOf(member, source),
        isOptional: 'questionToken' in member && member.questionToken !== undefined,
        text,
      },
    ];
  });
}

/** The docstring of a function. */
export function functionText(file: string, name: string): string {
  const found = parse(file).statements.find(
    (node): node is ts.FunctionDeclaration =>
      ts.isFunctionDeclaration(node) && node.name?.text === name,
  );
  return required(found && docOf(found), `${file} ${name}`);
}

/** The docstring of a method. */
export function methodText(file: string, owner: string, name: string): string {
  return required(
    membersOf(file, owner).find((member) => member.name === name)?.text,
    `${file} ${owner}.${name}`,
  );
}

const parsed = new Map<string, ts.SourceFile>();

function parse(file: string): ts.SourceFile {
  let source = parsed.get(file);
  if (source === undefined) {
    const text = readFileSync(join(library, file), 'utf8');
    source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
    parsed.set(file, source);
  }
  return source;
}

/** The docstring of a node as one paragraph; the block tags are left out. */
function docOf(node: ts.Node): string {
  const docs = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
  const text = ts.getTextOfJSDocComment(docs.at(-1)?.comment) ?? '';
  return text
    .replaceAll(/\{@link (\w+)\}/g, '`$1`')
    .split(/```/)[0]!
    .replaceAll(/\s+/g, ' ')
    .trim();
}

function typeOf(member: ts.Node, source: ts.SourceFile): string {
  const type = 'type' in member ? (member.type as ts.Node | undefined) : undefined;
  if (ts.isMethodSignature(member) || ts.isMethodDeclaration(member)) {
    const parameters = member.parameters.map((parameter) => parameter.getText(source)).join(', ');
    return `(${parameters})${type === undefined ? '' : ` => ${type.getText(source)}`}`;
  }
  return type?.getText(source) ?? '';
}

function required(text: string | undefined, what: string): string {
  if (text === undefined || text === '') throw new Error(`${what} has no docstring`);
  return text;
}
