// What kubectl shows of it, and that deleting leaves nothing behind.
import { awaitThat, prove, type Step } from '../proof.ts';

export const columns: Step = {
  name: 'What kubectl shows',
  claim: 'kubectl get infdep tells phase, replicas and queue',
  async run(stage, terminal) {
    terminal.command('kubectl get infdep');
    const table = await stage.kubectl('get', 'infdep');
    terminal.output(table);
    const [head = '', row = ''] = table.trim().split('\n');
    const isRow = row.startsWith(stage.name) && row.includes('Healthy');
    prove(terminal, isRow, `a row for ${stage.name} that says Healthy`, table);
    const wanted = ['NAME', 'PHASE', 'READY', 'QUEUED', 'IN-FLIGHT', 'AGE'];
    const missing = wanted.filter((column) => !head.toUpperCase().split(/\s+/).includes(column));
    prove(terminal, missing.length === 0, `columns ${wanted.join(', ')}`, `missing: ${missing.join()} in "${head}"`);
  },
};

export const refusal: Step = {
  name: 'A wrong manifest',
  claim: 'a wrong manifest is refused with a sentence that names the field',
  async run(stage, terminal) {
    terminal.command(`kubectl patch infdep ${stage.name} --type=merge -p '{"spec": {"concurrency": 101}}'`);
    const patch = ['patch', 'infdep', stage.name, '--type=merge', '-p', '{"spec":{"concurrency":101}}'];
    const refused = await stage.kubectl(...patch).then(
      (accepted) => ({ isRefused: false, text: accepted }),
      (error: Error) => ({ isRefused: true, text: error.message }),
    );
    terminal.output(refused.text);
    const isNamed = refused.isRefused && refused.text.includes('spec.concurrency');
    prove(terminal, isNamed, 'refused, and the sentence names spec.concurrency', refused.text);
  },
};

export const removal: Step = {
  name: 'kubectl delete',
  claim: 'deleting leaves no object and no process behind',
  async run(stage, terminal) {
    const processes = await stage.podProcesses();
    terminal.command(`kubectl delete -f ${stage.example}`);
    terminal.output(await stage.kubectl('delete', '-f', stage.example, '--wait=false'));
    const kinds = 'infdep,deployments,replicasets,pods,services,endpointslices,secrets,networkpolicies,pdb';
    const selector = `inference-operator.dev/name=${stage.name}`;
    await awaitThat('no object left', 120_000, async () => {
      const left = (await stage.kubectl('get', kinds, '-l', selector, '-o', 'name')).trim();
      if (left !== '') terminal.live(`left: ${left.replaceAll('\n', ', ')}`);
      return left === '' ? { value: true } : { seen: left };
    });
    prove(terminal, true, 'no object left', '');
    const alive = processes.filter(stage.isAlive);
    prove(terminal, alive.length === 0, `none of its ${processes.length} processes runs any more`, alive.join());
  },
};
