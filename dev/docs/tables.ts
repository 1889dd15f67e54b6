// The tables that documents take from the code, so that they cannot drift from it. A document says where one goes:
// <!-- generated:sidecar-settings --> ... <!-- /generated -->
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { conditionTypes, reasons } from '../../operator/api/conditions.ts';
import { SETTINGS_PREFIX as operatorPrefix, operatorSettings } from '../../operator/config.ts';
import { environmentName, flagName, type SettingsTable } from '../../runtime/settings.ts';
import { SETTINGS_PREFIX as sidecarPrefix, sidecarSettings } from '../../sidecar/contract.ts';
import { type ProblemRow, problems } from '../../sidecar/ingress/problem.ts';
import { leastRights } from '../../sidecar/store/redis/rights.ts';
import { scripts } from '../../sidecar/store/redis/scripts.ts';
import { metricNames } from '../../sidecar/telemetry/metric-names.ts';
import { documentedValues } from './chart-values.ts';

export function tables(projectDir: string): Readonly<Record<string, () => string>> {
  return {
    'chart-values': () =>
      chartValues(readFileSync(join(projectDir, 'charts', 'inference-operator', 'values.yaml'), 'utf8')),
    'sidecar-settings': () => settings(sidecarPrefix, sidecarSettings),
    'sidecar-errors': () =>
      table(
        ['code', 'status', 'when', 'extra'],
        Object.entries<ProblemRow>(problems).map(([name, { status, when, headers }]) => [
          code(name),
          String(status),
          when,
          Object.entries(headers)
            .map(([header, value]) => code(value === '' ? header : `${header}: ${value}`))
            .join(' '),
        ]),
      ),
    'redis-rights': () =>
      [
        '```',
        `ACL SETUSER my-model on >PASSWORD ${leastRights('inference:{NAMESPACE/my-model}', scripts).join(' ')}`,
        '```',
      ].join('\n'),
    'sidecar-metrics': () =>
      table(
        ['metric', 'kind', 'labels', 'what it says'],
        Object.entries(metricNames).map(([name, row]) => [
          code(name),
          row.kind,
          'labels' in row ? row.labels.map(code).join(' ') : '',
          row.help,
        ]),
      ),
    'operator-settings': () => settings(operatorPrefix, operatorSettings),
    'operator-conditions': () =>
      table(
        ['condition', 'true means'],
        Object.entries(conditionTypes).map(([type, means]) => [code(type), means]),
      ),
    'operator-reasons': () =>
      table(
        ['reason', 'what it means', 'what to do'],
        Object.entries(reasons).map(([name, row]) => [code(name), row.means, row.todo]),
      ),
  };
}

function chartValues(valuesYaml: string): string {
  const rows = documentedValues(valuesYaml).map(({ path, fallback, description }) => [
    code(path),
    code(JSON.stringify(fallback)),
    description,
  ]);
  return table(['value', 'default', 'what it does'], rows);
}

function settings(prefix: string, settingsTable: SettingsTable): string {
  const rows = Object.entries(settingsTable).map(([key, { fallback, kind, describe }]) => [
    code(environmentName(prefix, key)),
    code(flagName(key)),
    fallback === undefined ? 'required' : fallback === '' ? 'empty' : code(fallback),
    describe,
    kind.expects,
  ]);
  return table(['variable', 'flag', 'default', 'what it does', 'value'], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}
