// The environment is not ours alone: variables that others put there end nothing, misspelt ones are named.
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { projectDir } from '../../dev/bundle.ts';
import { SETTINGS_PREFIX as OPERATOR, operatorSettings } from '../../operator/config.ts';
import { foreignVariables, readSettings } from '../../runtime/settings.ts';
import { SETTINGS_PREFIX as SIDECAR, sidecarSettings } from '../../sidecar/contract.ts';

/** What Kubernetes puts into every container of a namespace where a Service has this name. */
const serviceLinks = (name: string) => ({
  [`${name}_SERVICE_HOST`]: '10.96.0.7',
  [`${name}_SERVICE_PORT`]: '80',
  [`${name}_SERVICE_PORT_HTTP`]: '80',
  [`${name}_PORT`]: 'tcp://10.96.0.7:80',
  [`${name}_PORT_80_TCP`]: 'tcp://10.96.0.7:80',
  [`${name}_PORT_80_TCP_PROTO`]: 'tcp',
  [`${name}_PORT_80_TCP_PORT`]: '80',
  [`${name}_PORT_80_TCP_ADDR`]: '10.96.0.7',
});

it('takes its settings beside those of the Operator Lifecycle Manager and says which set nothing', () => {
  const env = { OPERATOR_SIDECAR_IMAGE: 'sidecar:1', OPERATOR_CONDITION_NAME: 'inference-operator.v1' };
  expect(readSettings(OPERATOR, operatorSettings, env, [])).toMatchObject({ sidecarImage: 'sidecar:1' });
  expect(foreignVariables(OPERATOR, operatorSettings, env)).toEqual(['OPERATOR_CONDITION_NAME is not a setting']);
});

it.each([
  ['sidecar', SIDECAR, sidecarSettings, { SIDECAR_NAME: 'llm', SIDECAR_UPSTREAM: 'http://127.0.0.1:1' }],
  ['operator', OPERATOR, operatorSettings, { OPERATOR_SIDECAR_IMAGE: 'sidecar:1' }],
])('the %s is not confused by Services of its name', (_, prefix, table, own) => {
  const env = { ...own, ...serviceLinks(prefix), ...serviceLinks(`${prefix}_ADMIN`) };
  const settings = readSettings(prefix, table, env, []);
  expect(settings).toEqual(readSettings(prefix, table, own, []));
  const named = foreignVariables(prefix, table, env).map((sentence) => sentence.split(' ')[0]);
  expect(named).toEqual(Object.keys(env).filter((variable) => !(variable in own)));
});

it.each([
  ['SIDECAR_CONCURENCY', 'SIDECAR_CONCURRENCY'],
  ['SIDECAR_MAX_BODY_BYTE', 'SIDECAR_MAX_BODY_BYTES'],
  ['SIDECAR_NMAE', 'SIDECAR_NAME'],
  ['SIDECAR_REQUEST_TTL_SECOND', 'SIDECAR_REQUEST_TTL_SECONDS'],
])('asks whether %s was meant to be %s', (given, meant) => {
  expect(foreignVariables(SIDECAR, sidecarSettings, { [given]: '1' })).toEqual([
    `${given} is not a setting: did you mean ${meant}?`,
  ]);
});

it('is said by the programs themselves, in one line of the log', () => {
  const sidecar = run('sidecar', {
    SIDECAR_NAME: 'llm',
    SIDECAR_UPSTREAM: 'http://127.0.0.1:1',
    // No address of this machine: it ends once it has said what it has to say.
    SIDECAR_HOST: '192.0.2.1',
    SIDECAR_DATA_DIR: tmpdir(),
    SIDECAR_CONCURENCY: '2',
  });
  expect(sidecar).toContain('"variables":["SIDECAR_CONCURENCY is not a setting: did you mean SIDECAR_CONCURRENCY?"]');
  const operator = run('operator', {
    OPERATOR_SIDECAR_IMAGE: 'x',
    OPERATOR_KUBECONFIG: '/nowhere',
    OPERATOR_CONDITION_NAME: 'y',
  });
  expect(operator).toContain('"variables":["OPERATOR_CONDITION_NAME is not a setting"]');
});

function run(program: string, env: Readonly<Record<string, string>>): string {
  const script = join(projectDir, program, 'main.ts');
  const { stdout, stderr } = spawnSync(process.execPath, [script], { env, encoding: 'utf8', timeout: 30_000 });
  return stdout + stderr;
}
