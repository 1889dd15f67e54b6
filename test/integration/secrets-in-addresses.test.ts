// Whatever an address looks like, what may be a secret in it is in no text: neither where it is refused nor where it is used.
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { printableUrl, redactSettings } from '../../runtime/settings.ts';
import { sidecarSettings } from '../../sidecar/contract.ts';
import { createStore } from '../../sidecar/store/open-store.ts';

const mangled = [
  'redis://:abc@S3CRET@h',
  'redis://:abc/S3CRET@h',
  'redis://:S3CRET',
  'redis://:abc?S3CRET@h',
  'redis:/:S3CRET@h',
  ':S3CRET@h',
  'redis://h/0?password=S3CRET',
  'redis://:S3CRET%@h',
];

function refusedBy(main: string, env: Readonly<Record<string, string>>): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main], {
    env: { PATH: process.env.PATH, ...env },
    encoding: 'utf8',
    timeout: 30_000,
  });
  expect(status).toBeGreaterThan(0);
  return stdout + stderr;
}

it.each(mangled)('the sidecar ends at its settings with %s and does not show it', (store) => {
  const said = refusedBy('sidecar/main.ts', { SIDECAR_NAME: 'demo', SIDECAR_STORE: store });
  expect(said).toContain('SIDECAR_STORE must');
  expect(said).not.toContain('S3CRET');
});

it.each(['redis://:abc@S3CRET@h', 'redis://:abc/S3CRET@h', 'S3CRET'])('so does the operator with %s', (url) => {
  const said = refusedBy('operator/main.ts', { OPERATOR_SIDECAR_IMAGE: 'image', OPERATOR_STORE_URL: url });
  expect(said).toContain('OPERATOR_STORE_URL must');
  expect(said).not.toContain('S3CRET');
});

it.each([
  ['SIDECAR_UPSTREAM', 'http://user:S3CRET@127.0.0.1:8000'],
  ['SIDECAR_UPSTREAM', 'https//user:S3CRET@127.0.0.1'],
  ['SIDECAR_TRACES_ENDPOINT', 'http://user:S3CRET@collector:4318'],
  ['SIDECAR_TRACES_ENDPOINT', 'collector:S3CRET@h'],
])('%s takes no user and password, which would have no effect: %s', (variable, url) => {
  const said = refusedBy('sidecar/main.ts', { SIDECAR_NAME: 'demo', [variable]: url });
  expect(said).toContain(`${variable} must`);
  expect(said).not.toContain('S3CRET');
});

it.each([
  ['redis://:S3CRET@h:6379/0', 'redis://***@h:6379/0'],
  ['redis+sentinel://u:S3CRET@h,i/main/0', 'redis+sentinel://***@h,i/main/0'],
  ['redis://:abc@S3CRET@h', 'redis://***@h'],
  ['redis://:abc/S3CRET@h', 'redis://***@h'],
  ['https://collector/v1?key=S3CRET', 'https://collector/v1?***'],
  ['https://collector#S3CRET', 'https://collector?***'],
  ['https://collector?next=a@S3CRET', 'https://***'],
  ['http://127.0.0.1:8000', 'http://127.0.0.1:8000'],
  ['no URL, me@example.com', 'no URL, me@example.com'],
])('the printable form of %s is %s', (url, printable) => {
  expect(printableUrl(url)).toBe(printable);
});

it('what a starting sidecar logs of its settings has no secret', () => {
  const shown = redactSettings(sidecarSettings, { store: 'redis://u:S3CRET@h', tracesEndpoint: 'http://h?key=S3CRET' });
  expect(JSON.stringify(shown)).not.toContain('S3CRET');
});

it.each([
  [{ url: 'redis://user@h', password: '' }, /password for its user/],
  [{ url: 'redis://h', password: '', ca: 'PEM' }, /begin with rediss:/],
])('what would have no effect is refused: %o', async (address, sentence) => {
  const around = { dataDir: '', namespace: 'default', name: 'demo' };
  await expect(createStore({ ...address, ...around }, {} as never)).rejects.toThrow(sentence);
});
