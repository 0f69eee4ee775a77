// What a nightly run leaves: one object of JSON, and the same as Markdown for people.

/**
 * @typedef {object} PartReport
 * @property {string} name
 * @property {string} command as somebody would type it
 * @property {number | null} seconds null where it was not recorded
 * @property {number} exit exit status
 * @property {string[][][]} tables each a list of rows of cells, the heading first
 * @property {string[]} lines its other figures, one a line
 *
 * @typedef {object} Report
 * @property {string} startedAt ISO 8601, UTC
 * @property {string} commit short hash of what was run
 * @property {boolean} isClean whether the working tree was that commit
 * @property {string} machine
 * @property {'long' | 'quick'} mode
 * @property {PartReport[]} parts
 */

/**
 * The tables of Markdown in what a command printed.
 * @param {string} output
 * @returns {string[][][]}
 */
export function tablesIn(output) {
  const tables = [];
  let rows = [];
  for (const line of [...output.split('\n'), '']) {
    const text = line.trim();
    if (/^\|.*\|$/.test(text)) {
      // The second line of a table is its rule.
      if (!/^\|[\s:|-]+\|$/.test(text)) rows.push(cellsOf(text));
      continue;
    }
    if (rows.length > 1) tables.push(rows);
    rows = [];
  }
  return tables;
}

function cellsOf(line) {
  return line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
}

/**
 * @param {string[][]} rows
 * @returns {string}
 */
export function tableText(rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const [heading, ...others] = rows;
  return [line(heading), line(heading.map(() => '---')), ...others.map(line)].join('\n');
}

/** Figures that are no table: `fault 1 · kills 20 · …`, and what is short of a target. */
export function figuresIn(output) {
  return output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) =>
      /^fault .* · |^short of its target|^below its floor|schedules|requests,/.test(line),
    );
}

/**
 * @param {Report} report
 * @param {PartReport} part
 */
export function provenance({ startedAt, commit, isClean, machine, mode }, { command }) {
  const tree = isClean ? '' : ' with changes';
  const quick = mode === 'quick' ? ', a quick run that shows no more than that it works' : '';
  return `\`${command}\`, ${startedAt.slice(0, 10)}, commit ${commit}${tree}, ${machine}${quick}:`;
}

/** @param {Report} report */
export function reportText(report) {
  const { startedAt, commit, isClean, machine, mode, parts } = report;
  const summary = parts.map(({ name, command, seconds, exit }) => [
    name,
    `\`${command}\``,
    seconds === null ? 'not recorded' : `${seconds.toFixed(0)} s`,
    exit === 0 ? 'passed' : `failed (exit status ${exit})`,
  ]);
  const sections = parts.map((part) => {
    const tables = part.tables.map((rows) => `${tableText(rows)}\n`);
    const lines = part.lines.length === 0 ? [] : [part.lines.map((line) => `- ${line}\n`).join('')];
    return [`## ${part.name}\n`, `${provenance(report, part)}\n`, ...tables, ...lines].join('\n');
  });
  return [
    `# Nightly run of ${startedAt}\n`,
    `Commit ${commit}${isClean ? '' : ' with changes'}, ${machine}, ${mode} modes.\n`,
    `${tableText([['part', 'command', 'took', 'outcome'], ...summary])}\n`,
    ...sections,
  ].join('\n');
}
