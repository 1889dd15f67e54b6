// A mistake in a flag or variable is one sentence that says what was meant.
import { expect, it } from 'vitest';
import { integer, nonEmptyText } from '../../runtime/setting-kinds.ts';
import { helpText, readSettings, setting } from '../../runtime/settings.ts';
import { readSidecarSettings } from '../../sidecar/config.ts';

const table = {
  name: setting(nonEmptyText, undefined, 'name of the deployment'),
  port: setting(integer(0, 65535), '8080', 'traffic port'),
  adminPort: setting(integer(0, 65535), '9090', 'port of probes'),
};

function mistakes(argv: readonly string[], env: Record<string, string> = {}): readonly string[] {
  try {
    readSettings('SIDECAR', table, env, argv);
    return [];
  } catch (error) {
    return (error as { problems: readonly string[] }).problems;
  }
}

it('says one sentence for a misspelled required flag, not three', () => {
  expect(mistakes(['--nmae', 'x'])).toEqual(['--nmae is not a flag: did you mean --name?']);
  expect(mistakes(['--nmae=x'])).toEqual(['--nmae is not a flag: did you mean --name?']);
});

it('suggests the nearest flag or variable, and none where none is near', () => {
  expect(mistakes(['--name=a', '--admin_port', '1'])).toEqual([
    '--admin_port is not a flag: did you mean --admin-port?',
  ]);
  expect(mistakes(['--name=a', '--verbose'])).toEqual(['--verbose is not a flag: --help lists them all']);
  expect(mistakes(['--name=a', 'stray'])).toEqual(['stray is not a flag: --help lists them all']);
});

it('reads the flags behind a misspelled one', () => {
  expect(mistakes(['--prot', '--name', 'a', '--port', 'x'])).toEqual([
    '--prot is not a flag: did you mean --port?',
    '--port must be a whole number from 0 to 65535, not "x"',
  ]);
});

it('still asks for a required setting of which nothing was said', () => {
  expect(mistakes(['--prot', '1'])).toEqual([
    '--prot is not a flag: did you mean --port?',
    '--name (or SIDECAR_NAME) is required: name of the deployment',
  ]);
});

it('lists each flag once in its help, before its variable', () => {
  const help = helpText('About.', 'sidecar --name NAME', 'SIDECAR', table);
  expect(help.match(/--admin-port/g)).toHaveLength(1);
  expect(help.indexOf('--admin-port')).toBeLessThan(help.indexOf('SIDECAR_ADMIN_PORT'));
  expect(help).toContain('name of the deployment\n      (text; required; SIDECAR_NAME)');
});

it.each(['status', 'result', 'v1', 'health', 'metrics', 'a'.repeat(53)])(
  'refuses the name %s, as the resource does',
  (name) => {
    expect(() => readSidecarSettings({}, ['--name', name])).toThrow('--name must ');
  },
);

it.each(['http://h:1/base', 'http://h:1/?q', 'http://user@h:1', 'https://h:1', 'h:1', 'http://h#f'])(
  'refuses the upstream %s: what is more than host and port would be ignored',
  (upstream) => {
    const given = ['--name', 'a', '--upstream', upstream];
    expect(() => readSidecarSettings({}, given)).toThrow(
      '--upstream must be an address like http://host:port, without',
    );
  },
);

it.each(['http://127.0.0.1:8000', 'http://model:80/', 'http://[::1]:8000'])('takes the upstream %s', (upstream) => {
  expect(readSidecarSettings({}, ['--name', 'a', '--upstream', upstream]).upstream).toBe(upstream);
});
