// Tables of measurements in the documents: each stands between two markers that name the report it
// is from, so that a table and its run can be held against each other.
//
//   <!-- table bench-broker of docs/reports/2026-11-21.json -->
//   (where it is from, and the table)
//   <!-- end of table -->
import { provenance, tablesIn, tableText } from './report.mjs';

const BLOCK = /<!-- table ([\w-]+) of (\S+\.json) -->\n([\s\S]*?)<!-- end of table -->/g;

/**
 * @param {string} document
 * @param {(path: string) => import('./report.mjs').Report | undefined} reportAt
 * @returns {string[]} what is wrong, a line each
 */
export function staleTables(document, reportAt) {
  const problems = [];
  for (const [, name, path, block] of document.matchAll(BLOCK)) {
    const problem = problemOf(block, name, reportAt(path));
    if (problem !== undefined) problems.push(`table ${name} of ${path}: ${problem}`);
  }
  const rest = document.replaceAll(BLOCK, '');
  for (const [heading] of tablesIn(rest)) {
    if (heading[0] !== 'measured') continue;
    problems.push(`a table of measurements (${heading.join(', ')}) names no report`);
  }
  return problems;
}

function problemOf(block, name, report) {
  if (report === undefined) return 'there is no such report';
  const part = report.parts.find((each) => each.name === name);
  if (part?.tables[0] === undefined) return 'the report has no such table';
  if (part.exit !== 0) return 'the run failed';
  const isSame =
    JSON.stringify(tablesIn(block)) === JSON.stringify([part.tables[0]]) &&
    words(block).startsWith(words(provenance(report, part)));
  return isSame ? undefined : 'differs from its report; npm run nightly -- --readme writes it';
}

const words = (text) => text.replaceAll(/\s+/g, ' ').trim();

/**
 * The document with the tables that this report has, in place of those that stand there.
 * @param {string} document
 * @param {string} path of the report, from the root
 * @param {import('./report.mjs').Report} report
 */
export function withTablesOf(document, path, report) {
  return document.replaceAll(BLOCK, (whole, name) => {
    const part = report.parts.find((each) => each.name === name);
    if (part?.tables[0] === undefined || part.exit !== 0) return whole;
    const text = `${provenance(report, part)}\n\n${tableText(part.tables[0])}`;
    return `<!-- table ${name} of ${path} -->\n\n${text}\n\n<!-- end of table -->`;
  });
}
