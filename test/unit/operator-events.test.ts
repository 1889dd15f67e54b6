// Events on an InferenceDeployment: told once and then counted, told anew after a while or when the old one is gone, and never in the
// way of a reconcile.
import { beforeEach, expect, test } from 'vitest';
import { EventRecorder } from '../../operator/cluster/events.ts';
import { createLogger } from '../../runtime/logger.ts';
import { inferenceDeployment } from '../support/inference-deployment.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { RecordingClient } from '../support/recording-client.ts';

const owner = inferenceDeployment();
const pulling = { type: 'Normal', reason: 'ImagePulling', message: 'a node fetches the image' } as const;
let client: RecordingClient;
let clock: ManualClock;
let recorder: EventRecorder;
beforeEach(() => {
  [client, clock] = [new RecordingClient(), new ManualClock()];
  recorder = new EventRecorder(client, clock, createLogger('test', 'silent'));
});
const verbs = () => client.writes.map(({ verb }) => verb);

test('an event names what it is about, who tells it, and when', async () => {
  await recorder.record(owner, pulling);
  expect(client.writes[0]?.body).toMatchObject({
    ...pulling,
    metadata: { name: expect.stringMatching(/^llama\.[0-9a-f]+$/), namespace: 'models' },
    involvedObject: {
      apiVersion: 'inference-operator.dev/v1alpha1',
      kind: 'InferenceDeployment',
      name: 'llama',
      namespace: 'models',
      uid: 'uid-of-llama',
    },
    source: { component: 'inference-operator' },
    firstTimestamp: '2023-11-14T22:13:20Z',
    lastTimestamp: '2023-11-14T22:13:20Z',
    count: 1,
  });
});

test('said again within ten minutes it is counted, later it is told anew', async () => {
  await recorder.record(owner, pulling);
  clock.advance(9 * 60_000);
  await recorder.record(owner, pulling);
  expect(client.writes[1]?.body).toEqual({ count: 2, lastTimestamp: '2023-11-14T22:22:20Z' });
  clock.advance(10 * 60_000);
  await recorder.record(owner, pulling);
  expect(client.writes[2]?.body).toMatchObject({ count: 3 });
  clock.advance(10 * 60_000 + 1);
  await recorder.record(owner, pulling);
  expect(verbs()).toEqual(['create', 'patch', 'patch', 'create']);
});

test.each([
  ['another reason', owner, { ...pulling, reason: 'ModelLoading' }],
  ['other words', owner, { ...pulling, message: 'another node fetches the image' }],
  ['another deployment of the same name', inferenceDeployment({ uid: 'uid-of-the-next' }), pulling],
])('%s is another event', async (_name, about, event) => {
  await recorder.record(owner, pulling);
  await recorder.record(about, event);
  expect(verbs()).toEqual(['create', 'create']);
});

test('one that the API server has let go of by now is told anew', async () => {
  await recorder.record(owner, pulling);
  client.refusals.set('patch Event', { status: 404, message: 'not found' });
  await recorder.record(owner, pulling);
  expect(verbs()).toEqual(['create', 'create']);
});

test('one that cannot be written holds nothing up, and is tried again when it is said again', async () => {
  client.refusals.set('create Event', { status: 403, message: 'events is forbidden' });
  await recorder.record(owner, pulling);
  client.refusals.clear();
  await recorder.record(owner, pulling);
  expect(verbs()).toEqual(['create']);
});

test('words that are longer than the API server takes are cut', async () => {
  await recorder.record(owner, { ...pulling, message: 'x'.repeat(2_000) });
  expect(client.events[0]?.message).toHaveLength(1_024);
});
