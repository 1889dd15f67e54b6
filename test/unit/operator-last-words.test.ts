// What a container that crashed said last, as status repeats it: lines for people, not the JSON around them.
import { expect, test } from 'vitest';
import { podState } from '../../operator/status/pod-state.ts';
import { inferenceDeployment } from '../support/inference-deployment.ts';
import { ended, pod, waiting } from '../support/pods.ts';

test.each([
  ['{"level":"fatal","err":{"message":"no such file"},"msg":"stopped"}', 'exit code 1, no such file'],
  ['{"level":"error","msg":"no such setting"}', 'exit code 1, no such setting'],
  ['{"level":"info","msg":"request","status":200}', 'exit code 1'],
  ['{"level":"fatal","err":{"mess', 'exit code 1, {"level":"fatal","err":{"mess'],
  ['first\nlast\n', 'exit code 1. Its last lines:\nfirst\nlast'],
  [
    `${'.'.repeat(2_000)}\n  File "server.py", line 3\nKeyError: 'model'\n`,
    `exit code 1. Its last lines:\n${'.'.repeat(955)}\n  File "server.py", line 3\nKeyError: 'model'`,
  ],
  ['\n', 'exit code 1'],
])('%s', (words, says) => {
  const crashed = pod({ ready: false, model: waiting('CrashLoopBackOff'), lastModel: ended(1, 'Error', words) });
  const { spec } = inferenceDeployment();
  expect(podState(crashed, { spec, stats: undefined, trouble: undefined, kill: undefined })).toEqual({
    kind: 'broken',
    reason: 'CrashLooping',
    message: `container model ended once: ${says}`,
  });
});

test.each([
  [137, 'exit code 137 (SIGKILL)'],
  [143, 'exit code 143 (SIGTERM)'],
  [139, 'exit code 139 (SIGSEGV)'],
  [255, 'exit code 255'],
])('exit code %i', (code, says) => {
  const crashed = pod({ ready: false, model: waiting('CrashLoopBackOff'), lastModel: ended(code) });
  const { spec } = inferenceDeployment();
  expect(podState(crashed, { spec, stats: undefined, trouble: undefined, kill: undefined })).toMatchObject({
    message: `container model ended once: ${says}`,
  });
});
