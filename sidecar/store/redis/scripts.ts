// The steps as Redis is given them: each Lua file with its includes in it.
import { luaFiles } from './lua-files.ts';

export type StepName = keyof typeof files;

const files = {
  appendStream: 'append-stream',
  cancel: 'cancel',
  claim: 'claim',
  claimAny: 'claim-any',
  claimDeliveries: 'claim-deliveries',
  complete: 'complete',
  completeAny: 'complete-any',
  deadLetters: 'dead-letters',
  fail: 'fail',
  figures: 'figures',
  look: 'look',
  postponeDeliveries: 'postpone-deliveries',
  readContent: 'read-content',
  readStream: 'read-stream',
  renew: 'renew',
  replay: 'replay',
  rights: 'rights',
  settleDelivery: 'settle-delivery',
  startStream: 'start-stream',
  statuses: 'statuses',
  submit: 'submit',
  submitAny: 'submit-any',
  sweep: 'sweep',
} as const;

const stepNames = Object.keys(files) as readonly StepName[];

export const scripts = Object.fromEntries(stepNames.map((name) => [name, whole(files[name])])) as Readonly<
  Record<StepName, string>
>;

function whole(file: string): string {
  const text = luaFiles[file];
  if (text === undefined) throw new Error(`there is no Lua file ${file}`);
  return text.replace(/^--@include (\S+)$/gm, (_, included: string) => whole(`include/${included}`));
}
