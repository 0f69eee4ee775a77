import { Section } from '../../ui/section.tsx';
import { TableScroll } from '../../ui/table-scroll.tsx';
import type { Topic } from './queries.ts';

/** Configuration, what was changed first. */
export function ConfigTable({ configs }: { configs: Topic['configs'] }) {
  const rows = configs.toSorted(
    (a, b) => Number(a.isDefault) - Number(b.isDefault) || a.name.localeCompare(b.name),
  );
  return (
    <Section title="Configuration" hint="what differs from the defaults comes first">
      <TableScroll label="Table of configuration">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Value</th>
              <th scope="col">Set by</th>
              <th scope="col" className="col-wide">
                Meaning
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((config) => (
              <tr key={config.name}>
                <th scope="row" style={{ fontWeight: config.isDefault ? 400 : 550 }}>
                  {config.name}
                </th>
                <td className="code">{config.value ?? '—'}</td>
                <td className={config.isDefault ? 'quiet' : undefined}>
                  {config.source.toLowerCase().replaceAll('_', ' ')}
                </td>
                <td
                  className="col-wide soft"
                  style={{ maxWidth: 520, overflow: 'hidden', textOverflow: 'ellipsis' }}
                  title={config.documentation ?? undefined}
                >
                  {config.documentation}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </Section>
  );
}
