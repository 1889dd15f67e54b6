// Which local program stands for which image on the loopback cluster: this project's own, and the sample model server in the
// place of well-known model servers, so that every manifest of examples/ runs here. Any other image cannot be pulled.
import { fileURLToPath } from 'node:url';
import { nodeOfImage } from '../../sidecar/contract.ts';
import type { ImageEntry } from './node/settings.ts';

const program = (path: string): readonly string[] => [
  process.execPath,
  fileURLToPath(new URL(`../../${path}`, import.meta.url)),
];

const modelServer = program('dev/model-server/main.ts');
/** All addresses of the container; the node agent makes the pod's address of it. */
const env = { HOST: '0.0.0.0' };

const standIn = (match: string, ...flags: readonly string[]): ImageEntry => ({
  match,
  // Their own flags are ignored, but for --port and --model, which mean the same here.
  entrypoint: [...modelServer, '--lenient', '--batching', '--load-seconds', '2', ...flags],
  env,
  ignoreCommand: true,
});

export const localImages: readonly ImageEntry[] = [
  {
    match: 'inference-operator/sidecar',
    entrypoint: program('sidecar/main.ts'),
    programs: { [nodeOfImage]: process.execPath },
  },
  { match: 'inference-operator/echo', entrypoint: modelServer, env },
  standIn('vllm/vllm-openai'),
  standIn('lmsysorg/sglang'),
  standIn('huggingface/text-generation-inference'),
  standIn('speaches-ai/speaches'),
  standIn('ggml-org/llama.cpp'),
  // What "cog build" makes of the example: its port, health path and word are Cog's.
  standIn('my-model', '--cog', '--port', '5000', '--health-path', '/health-check', '--health', 'READY'),
];
