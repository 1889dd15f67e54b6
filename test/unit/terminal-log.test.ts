// At a terminal a log line reads from left to right: time, level, message, fields.
import { expect, it } from 'vitest';
import { createLogger } from '../../runtime/logger.ts';
import { terminalLog } from '../../runtime/terminal-log.ts';

it('shows message and fields, and the stack of an error', () => {
  const lines: string[] = [];
  const logger = createLogger(
    'sidecar',
    'info',
    terminalLog((text) => lines.push(text)),
  );
  logger.info({ trafficPort: 8080, path: '/v1/a', note: 'two words\n2nd line' }, 'serving');
  logger.error({ err: new Error('broken') }, 'failed');
  expect(lines[0]).toMatch(
    /^\d\d:\d\d:\d\d INFO {2}serving {2}trafficPort=8080 {2}path=\/v1\/a {2}note="two words\\n2nd line"\n$/,
  );
  expect(lines[1]).toMatch(/ERROR failed\n {2}Error: broken\n {6}at /);
});
