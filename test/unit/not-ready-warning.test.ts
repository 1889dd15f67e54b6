// Callers that wait for a container which is not ready are no riddle: the log says why, and goes on saying it.
import { expect, it } from 'vitest';
import { createLogger } from '../../runtime/logger.ts';
import type { ContainerState } from '../../sidecar/upstream/health.ts';
import { NotReadyWarning } from '../../sidecar/upstream/not-ready-warning.ts';
import { ManualClock } from '../support/manual-clock.ts';

function subject() {
  const clock = new ManualClock();
  const lines: { readonly msg: string; readonly waiting: number }[] = [];
  const logger = createLogger('sidecar', 'warn', { write: (line) => lines.push(JSON.parse(line)) });
  let state: ContainerState = 'starting';
  const lastAnswer = () => 'GET /health: answered 404';
  const warning = new NotReadyWarning({ clock, logger, state: () => state, lastAnswer, waiting: () => 2 });
  const become = (next: ContainerState) => {
    state = next;
    warning.stateChanged();
  };
  return { clock, lines, warning, become };
}

it('warns after five seconds, and each minute while it lasts', () => {
  const { clock, lines, warning } = subject();
  warning.start();
  clock.advance(4_999);
  expect(lines).toEqual([]);
  clock.advance(1);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ waiting: 2 });
  expect(lines[0]!.msg).toContain('requests wait until the model container is ready (GET /health: answered 404)');
  expect(lines[0]!.msg).toMatch(/--upstream.*--health-path/);
  clock.advance(120_000);
  expect(lines).toHaveLength(3);
});

it('is silent about a container that is ready, and starts anew when it is not any more', () => {
  const { clock, lines, warning, become } = subject();
  warning.start();
  become('healthy');
  become('busy');
  clock.advance(600_000);
  expect(lines).toEqual([]);
  become('unreachable');
  become('unhealthy');
  clock.advance(5_000);
  expect(lines).toHaveLength(1);
  become('healthy');
  expect(clock.timers).toBe(0);
});

it('sets no timer after it was stopped', () => {
  const { clock, lines, warning } = subject();
  warning.start();
  clock.advance(5_000);
  warning.stop();
  clock.advance(600_000);
  expect(lines).toHaveLength(1);
});
