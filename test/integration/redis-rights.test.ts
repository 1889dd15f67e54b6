// What a Redis user may not do is said at the start, with the command that grants it, and nothing is begun that could end in the middle.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { commandRights, leastRights } from '../../sidecar/store/redis/rights.ts';
import { scripts } from '../../sidecar/store/redis/scripts.ts';
import { type Store, StoreError } from '../../sidecar/store/store.ts';
import { eventually } from '../support/eventually.ts';
import { echo, startReplica, stopReplicas } from '../support/queue-replica.ts';
import { TestRedis } from '../support/redis.ts';
import { claimOne, leaseMs, response, retentionMs, StoreKit, submission, submitAndClaim } from '../support/stores.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await TestRedis.start({});
});
afterAll(() => redis.stop());
const kits: StoreKit[] = [];
afterEach(async () => {
  for (const kit of kits.splice(0)) await kit.close();
  await stopReplicas();
});

/** A kit whose user has these rights of its deployment. */
function kitWith(rules: (least: readonly string[]) => readonly string[]): StoreKit {
  const kit: StoreKit = new StoreKit('redis', () =>
    redis.user('tenant', 'pw', ...rules(leastRights(kit.keyPrefix, scripts))),
  );
  kits.push(kit);
  return kit;
}

async function refusal(store: Store): Promise<string> {
  const error = await store.submit(submission()).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StoreError);
  return (error as StoreError).message;
}

it('a user without channels, as Redis 7 makes them, is refused cleanly: nothing is stored, and the missing rule is named', async () => {
  const replica = await startReplica({
    call: echo,
    name: 'demo',
    store: redis.user('quiet', 'pw', '~*', '+@all'),
  });
  const request = submission();
  await expect(replica.queue.submit(request)).rejects.toThrow('ACL SETUSER quiet &inference:{default/demo}:*');
  expect(replica.queue.health()).toMatchObject({ ok: false, error: expect.stringContaining('lacks rights') });
  expect(redis.cli('EXISTS', `inference:{default/demo}:r:${request.id}`)).toBe('0');
  redis.cli('ACL', 'SETUSER', 'quiet', '&inference:{default/demo}:*');
  await eventually(async () => expect((await replica.queue.submit(request)).kind).toBe('accepted'));
  await eventually(async () => expect(await replica.queue.status(request.id)).toMatchObject({ outcome: 'answered' }));
  expect(replica.queue.health()).toEqual({ ok: true, error: null });
});

it.each(commandRights(scripts))('a user without %s is told so, by this rule alone', async (rule) => {
  const kit = kitWith((least) => [...least, rule.replace('+', '-')]);
  const said = await refusalOf(kit);
  if (rule === '+eval') expect(said).toContain(commandRights(scripts).join(' '));
  else expect(said).toBe(`ACL SETUSER tenant ${rule}`);
});

it.each([
  ['keys', '~', 'resetkeys'],
  ['channels', '&', 'resetchannels'],
])('a user without its %s is told so', async (_, sign, without) => {
  const kit = kitWith((least) => [...least, without]);
  expect(await refusalOf(kit)).toBe(
    `ACL SETUSER tenant ${leastRights(kit.keyPrefix, scripts).find((rule) => rule.startsWith(sign))}`,
  );
});

async function refusalOf(kit: StoreKit): Promise<string> {
  const error = await kit.open().catch((reason: unknown) => reason as Error);
  return /grant them with: (.*)/.exec((error as Error).message)?.[1] ?? String(error);
}

it('rights that are taken away are noticed, and what they cut in two is accepted anew', async () => {
  const kit = kitWith((least) => least);
  const store = await kit.open();
  await store.submit(submission());
  redis.cli('ACL', 'SETUSER', 'tenant', '-zadd');
  const request = submission();
  expect(await store.submit(request).catch((error: StoreError) => error.isOutcomeKnown)).toBe(false);
  await eventually(async () => expect(await refusal(store)).toContain('ACL SETUSER tenant +zadd'));
  redis.cli('ACL', 'SETUSER', 'tenant', '+zadd');
  await eventually(async () => expect(await store.submit(request)).toMatchObject({ kind: 'accepted' }));
  expect(await store.figures()).toMatchObject({ queued: 2 });
});

it('the least rights are enough for all that the store does: Redis has denied nothing', async () => {
  const kit = kitWith((least) => least);
  const store = await kit.open();
  redis.cli('ACL', 'LOG', 'RESET');
  await everything(store, kit);
  const denied = redis.cli('ACL', 'LOG').match(/(?<=object\n)\S+/g) ?? [];
  // What the client library says for people only.
  expect(denied.filter((command) => !command.startsWith('client'))).toEqual([]);
});

async function everything(store: Store, kit: StoreKit): Promise<void> {
  const heard: string[] = [];
  store.onWork(() => heard.push('work'));
  store.onCanceled(() => heard.push('canceled'));
  const done = await submitAndClaim(store, { webhook: 'https://example.com/' });
  store.onChange(done.id, () => heard.push('change'));
  await store.startStream(done.claim, { status: 200, headers: [] });
  await store.appendStream(done.claim, 0, [Buffer.from('data: x\n\n')]);
  await store.renew([done.claim], leaseMs);
  await store.complete(done.claim, response());
  await store.readStream(done.id, 0, 10);
  await store.result(done.id);
  for (const { status } of await store.claimDeliveries(10, leaseMs)) await store.settleDelivery(status.id, 10);
  await store.settleDelivery(done.id, null);
  const plain = await submitAndClaim(store);
  await store.complete(plain.claim, response());
  const failed = await submitAndClaim(store);
  await store.fail(failed.claim, 'x: y', 0);
  const again = await claimOne(store);
  await store.handBack(again, 5);
  kit.clock.advance(10);
  await store.fail(await claimOne(store), 'x: y', null);
  expect(await store.deadLetters(10)).toHaveLength(1);
  await store.replay(failed.id, 'replayed');
  const canceled = await claimOne(store);
  await store.cancel(canceled.id);
  await store.cancel(canceled.id);
  await submitAndClaim(store);
  await store.submit(submission());
  kit.clock.advance(leaseMs + 1);
  await store.sweep();
  kit.clock.advance(retentionMs + 600_000);
  await store.sweep();
  await store.figures();
  await expect.poll(() => heard).toEqual(expect.arrayContaining(['work', 'canceled', 'change']));
}
