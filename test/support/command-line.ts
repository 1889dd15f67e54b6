// The real kubectl and helm, pointed at one cluster, with their output as text.
import { spawn } from 'node:child_process';
import { clusterTools } from '../../dev/tools/kubectl-and-helm.ts';

export interface CommandLine {
  /** Resolves with standard output; rejects with what went to standard error. */
  kubectl(parameters: readonly string[], input?: string): Promise<string>;
  helm(...parameters: readonly string[]): Promise<string>;
}

/** `home` is a folder of the test's own, so that nobody's helm settings matter. */
export function commandLine(kubeconfigPath: string, home: string): CommandLine {
  const env = { PATH: process.env.PATH, HOME: home, KUBECONFIG: kubeconfigPath };
  const { kubectl, helm } = clusterTools();
  return {
    kubectl: (parameters, input) => run(kubectl, parameters, env, input),
    helm: (...parameters) => run(helm, parameters, env),
  };
}

function run(program: string, parameters: readonly string[], env: NodeJS.ProcessEnv, input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { env, stdio: 'pipe' });
    let [output, errors] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${parameters.join(' ')}: exit code ${code}\n${errors}${output}`));
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
