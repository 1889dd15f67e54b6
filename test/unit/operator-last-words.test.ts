// What a container that crashed said last, as status repeats it: a line for people, not the JSON around it.
import { expect, test } from 'vitest';
import { podState } from '../../operator/status/pod-state.ts';
import { inferenceDeployment } from '../support/inference-deployment.ts';
import { ended, pod, waiting } from '../support/pods.ts';

test.each([
  ['{"level":"fatal","err":{"message":"no such file"},"msg":"stopped"}', 'exit code 1, no such file'],
  ['{"level":"error","msg":"no such setting"}', 'exit code 1, no such setting'],
  ['{"level":"info","msg":"request","status":200}', 'exit code 1'],
  ['{"level":"fatal","err":{"mess', 'exit code 1, {"level":"fatal","err":{"mess'],
  ['first\nlast\n', 'exit code 1, last'],
])('%s', (words, says) => {
  const crashed = pod({ ready: false, model: waiting('CrashLoopBackOff'), lastModel: ended(1, 'Error', words) });
  const { spec } = inferenceDeployment();
  expect(podState(crashed, { spec, stats: undefined, trouble: undefined })).toEqual({
    kind: 'broken',
    reason: 'CrashLooping',
    message: `container model ended once: ${says}`,
  });
});
