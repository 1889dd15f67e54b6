// A program of its own: callers of one Service of the cluster on loopback (service-load.ts), and the forwarder that stands for kube-proxy.
// Apart from the test's process, in which a whole cluster runs: its pauses would keep the news of a closed connection from the callers.
import { startServiceAccess } from '../../dev/cluster/service-proxy.ts';
import { startServiceLoad } from './service-load.ts';

const [kubeconfig = '', name = ''] = process.argv.slice(2);
const access = await startServiceAccess(kubeconfig);
const { host, port } = await access.openService('default', name);
const load = startServiceLoad(`http://${host}:${port}`, name);
const tell = (tally: object) => process.stdout.write(`${JSON.stringify(tally)}\n`);
const telling = setInterval(() => tell(load.now()), 200);

process.stdin.resume().once('end', async () => {
  const tally = await load.stop();
  clearInterval(telling);
  await access.stop();
  tell({ ...tally, isLast: true });
  process.exit(0);
});
