// What `helm test` runs: each address must answer 2xx in time. A deployment's name alone says little, so the whole answer is shown.
const seconds = Number(process.env.TIMEOUT_SECONDS);
const addresses = [process.env.OPERATOR_URL, process.env.DEPLOYMENT_URL].filter((address) => address);
for (const address of addresses) {
  try {
    const answer = await fetch(address, { signal: AbortSignal.timeout(seconds * 1000) });
    console.log(`GET ${address}: ${answer.status} ${(await answer.text()).slice(0, 2000)}`);
    if (!answer.ok) process.exitCode = 1;
  } catch (error) {
    console.log(`GET ${address}: ${error.cause?.message ?? error.message}`);
    process.exitCode = 1;
  }
}
