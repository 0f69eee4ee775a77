// The rules of style that need the syntax of a file rather than its text. Like style-rules.ts, each
// gives one line per problem, and style.spec.ts proves that each can fail.
import {
  canHaveModifiers,
  createSourceFile,
  forEachChild,
  getModifiers,
  isArrowFunction,
  isAwaitExpression,
  isCallExpression,
  isConstructorDeclaration,
  isFunctionExpression,
  isIdentifier,
  isImportDeclaration,
  isJsxText,
  isNamedImports,
  isNewExpression,
  isPropertyAccessExpression,
  isRegularExpressionLiteral,
  isStringLiteralLike,
  isTemplateExpression,
  ScriptTarget,
  SyntaxKind,
  type CallExpression,
  type Expression,
  type ImportDeclaration,
  type Node,
  type SourceFile as Syntax,
} from 'typescript';
import type { Rule, SourceFile } from './style-rules.ts';

const COLUMNS_MAX = 100;
/** What may follow a text on its line: brackets, and the function that a test's title names. */
const AFTER_TEXT = /(?:, (?:async )?\([^()]*\) => \{|[\s()[\]{}<>,;:/+])+$/;

/**
 * Lines end at column 100, comments too. One text is not cut (a string, a template, a regular
 * expression, the text of an element, an address in a comment): whoever searches for a message
 * finds it whole.
 */
export const lineLength: Rule = (files) =>
  files.flatMap((file) => {
    const long = longLines(file.text);
    if (long.length === 0) return [];
    const texts = rangesOfTexts(syntaxOf(file));
    return long
      .filter(({ line }) => !/^\s*(\/\/|\/?\*+).*https?:\/\/\S{40,}/.test(line))
      .filter(({ line, start }) => {
        const end = start + line.replace(AFTER_TEXT, '').length;
        return !texts.some(([from, to]) => from < start + COLUMNS_MAX && to >= end);
      })
      .map(({ number, line }) => `${file.path}:${number}: ${line.length} columns`);
  });

function longLines(text: string): { number: number; line: string; start: number }[] {
  const long = [];
  let start = 0;
  for (const [index, line] of text.split('\n').entries()) {
    if (line.length > COLUMNS_MAX) long.push({ number: index + 1, line, start });
    start += line.length + 1;
  }
  return long;
}

/** From and to of everything that is one text to whoever reads it. */
function rangesOfTexts(syntax: Syntax): [from: number, to: number][] {
  const ranges: [number, number][] = [];
  visit(syntax, (node) => {
    const isText =
      isStringLiteralLike(node) ||
      isTemplateExpression(node) ||
      isRegularExpressionLiteral(node) ||
      isJsxText(node);
    if (isText) ranges.push([node.getStart(syntax), node.end]);
  });
  return ranges;
}

const isSpec = (path: string) => /spec\.tsx?$/.test(path);
const sleepers = new Set(['sleep', 'delay', 'pause']);

/**
 * A test that sleeps is slow on every machine and wrong on a slow one: it awaits a condition with a
 * deadline instead (`eventually`). A timer that ends a wait, or moves a load, is none.
 */
export const noSleep: Rule = (files) =>
  files
    .filter(
      ({ path, text }) => isSpec(path) && /setTimeout|timers|sleep|delay|pause|Atomics/i.test(text),
    )
    .flatMap((file) => {
      const syntax = syntaxOf(file);
      const problems: string[] = [];
      visit(syntax, (node) => {
        if (!sleeps(node)) return;
        const { line } = syntax.getLineAndCharacterOfPosition(node.getStart(syntax));
        problems.push(`${file.path}:${line + 1}: sleeps; await a condition with a deadline`);
      });
      return problems;
    });

function sleeps(node: Node): boolean {
  if (isImportDeclaration(node)) return importsSleep(node);
  if (isNewExpression(node)) return isPromiseOfTimer(node.expression, node.arguments?.[0]);
  if (isAwaitExpression(node)) {
    const { expression } = node;
    return isCallExpression(expression) && sleepers.has(nameOf(expression.expression));
  }
  if (!isCallExpression(node)) return false;
  const called = node.expression;
  if (isPropertyAccessExpression(called) && nameOf(called.expression) === 'Atomics') {
    return called.name.text === 'wait';
  }
  return nameOf(called) === 'promisify' && nameOf(node.arguments[0]) === 'setTimeout';
}

/** `import { setTimeout as anything } from 'timers/promises'`, and its scheduler. */
function importsSleep({ moduleSpecifier, importClause }: ImportDeclaration): boolean {
  if (!isStringLiteralLike(moduleSpecifier)) return false;
  if (!/^(node:)?timers\/promises$/.test(moduleSpecifier.text)) return false;
  const bindings = importClause?.namedBindings;
  if (bindings === undefined || !isNamedImports(bindings)) return true;
  return bindings.elements.some(({ name, propertyName }) =>
    ['setTimeout', 'scheduler'].includes((propertyName ?? name).text),
  );
}

/** `new Promise((resolve) => setTimeout(resolve, …))`: nothing but the timer can end it. */
function isPromiseOfTimer(made: Expression, executor: Expression | undefined): boolean {
  if (nameOf(made) !== 'Promise' || executor === undefined) return false;
  if (!isArrowFunction(executor) && !isFunctionExpression(executor)) return false;
  const resolve = nameOf(executor.parameters[0]?.name);
  const called = new Set<string>();
  let timer: CallExpression | undefined;
  visit(executor.body, (node) => {
    if (!isCallExpression(node)) return;
    const name = nameOf(node.expression);
    called.add(name);
    if (name === 'setTimeout') timer = node;
  });
  for (const name of [resolve, 'setTimeout', 'unref']) called.delete(name);
  if (timer === undefined || called.size > 0) return false;
  return new RegExp(`\\b${resolve}\\b`).test(timer.arguments[0]?.getText() ?? '');
}

/**
 * What a class keeps to itself is `#private`: it holds at run time too, and there is one way to
 * write it. A constructor has no such form, so `private constructor` stays.
 */
export const privateNames: Rule = (files) =>
  files
    .filter(({ text }) => /\b(private|protected)\b/.test(text))
    .flatMap((file) => {
      const syntax = syntaxOf(file);
      const problems: string[] = [];
      visit(syntax, (node) => {
        if (isConstructorDeclaration(node) || !canHaveModifiers(node)) return;
        for (const modifier of getModifiers(node) ?? []) {
          if (![SyntaxKind.PrivateKeyword, SyntaxKind.ProtectedKeyword].includes(modifier.kind)) {
            continue;
          }
          const { line } = syntax.getLineAndCharacterOfPosition(modifier.getStart(syntax));
          problems.push(`${file.path}:${line + 1}: ${modifier.getText()}; make it a #private name`);
        }
      });
      return problems;
    });

function nameOf(node: Node | undefined): string {
  if (node === undefined) return '';
  if (isIdentifier(node)) return node.text;
  return isPropertyAccessExpression(node) ? node.name.text : '';
}

function syntaxOf({ path, text }: SourceFile): Syntax {
  return createSourceFile(path, text, ScriptTarget.Latest, true);
}

function visit(node: Node, each: (node: Node) => void): void {
  each(node);
  forEachChild(node, (child) => visit(child, each));
}
