// Loaded into a program of ours: throws, or rejects, outside of all its code when its parent says so.
process.on('message', (how) => {
  if (how === 'throw') setImmediate(() => fail());
  else void Promise.reject(new Error('rejected on demand'));
});
// The channel alone shall not keep the program alive.
process.channel?.unref();

function fail(): never {
  throw new Error('thrown on demand');
}
