// What the node agent of the loopback cluster does next with a pod's containers: init order, native sidecars, restarts, the end.
import { describe, expect, it } from 'vitest';
import { type ContainerView, plan } from '../../dev/cluster/node/plan.ts';

const view = (name: string, role: ContainerView['role'], rest: Partial<ContainerView> = {}): ContainerView => ({
  name,
  role,
  phase: 'new',
  isStarted: false,
  isChanged: false,
  ...rest,
});
const running = { phase: 'running', isStarted: true } as const;
const exited = (exitCode: number) => ({ phase: 'exited', exitCode }) as const;
const starts = (views: ContainerView[], policy = 'Always') => plan(views, policy).start;

describe('initialisation', () => {
  it('starts the first init container and nothing else', () => {
    expect(starts([view('a', 'init'), view('b', 'init'), view('m', 'main')])).toEqual(['a']);
  });

  it('starts a sidecar and waits until its startup probe has succeeded', () => {
    expect(starts([view('s', 'sidecar'), view('m', 'main')])).toEqual(['s']);
    expect(starts([view('s', 'sidecar', { phase: 'running' }), view('m', 'main')])).toEqual([]);
    expect(starts([view('s', 'sidecar', running), view('m', 'main')])).toEqual(['m']);
  });

  it('keeps a sidecar alive while a later init container runs', () => {
    expect(starts([view('s', 'sidecar', exited(1)), view('load', 'init', running), view('m', 'main')])).toEqual(['s']);
  });

  it('runs a failed init container again, unless the pod may never restart', () => {
    const views = [view('a', 'init', exited(1)), view('m', 'main')];
    expect(starts(views)).toEqual(['a']);
    expect(plan(views, 'Never')).toEqual({ kill: [], start: [], isOver: true });
  });
});

describe('a running pod', () => {
  it('restarts a sidecar alone and never runs init containers again', () => {
    expect(
      starts([view('a', 'init', exited(0)), view('s', 'sidecar', exited(137)), view('m', 'main', running)]),
    ).toEqual(['s']);
  });

  it('kills and restarts what its liveness probe has given up', () => {
    const result = plan(
      [view('s', 'sidecar', running), view('m', 'main', { ...running, failedProbe: 'liveness' })],
      'Always',
    );
    expect(result.kill).toEqual([
      { name: 'm', reason: 'liveness', message: 'Container m failed liveness probe, will be restarted' },
    ]);
    expect(result.start).toEqual(['m']);
  });

  it('restarts by policy', () => {
    expect(starts([view('m', 'main', exited(0)), view('n', 'main', running)], 'Always')).toEqual(['m']);
    expect(starts([view('m', 'main', exited(0)), view('n', 'main', running)], 'OnFailure')).toEqual([]);
    expect(starts([view('m', 'main', exited(1)), view('n', 'main', running)], 'Never')).toEqual([]);
  });

  it('is over when all main containers are done, though a sidecar runs', () => {
    expect(plan([view('s', 'sidecar', running), view('m', 'main', exited(0))], 'OnFailure').isOver).toBe(true);
    expect(plan([view('s', 'sidecar', running), view('m', 'main', exited(0))], 'Always').isOver).toBe(false);
  });
});
