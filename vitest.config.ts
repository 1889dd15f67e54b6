// Layers of tests as vitest projects: `npx vitest run --project unit` runs one of them.
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** They take half a minute and more, mostly waiting: begun last, one of them would be all that runs in the end. */
const longest = [
  'operator-thousand-deployments',
  'demo',
  'chaos-redis',
  'chaos-sqlite',
  'claim-cost',
  'examples-serve',
  'operator-informer-recovers',
  'operator-rollout-scarce-gpus',
  'helm-release',
  'store-follows-the-table',
  'operator-restart-any-moment',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const found = longest.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return found < 0 ? longest.length : found;
    };
    return (await super.sort(files)).sort((one, other) => place(one) - place(other));
  }
}

const layer = (name: string, testTimeout: number, fileParallelism = true) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, hookTimeout: 120_000, fileParallelism },
});

export default defineConfig({
  test: {
    pool: 'forks',
    // One more than the two cores of the smallest machine: most files wait for processes, timers and probes.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      layer('unit', 60_000),
      layer('contract', 180_000),
      layer('conformance', 180_000),
      layer('property', 600_000),
      layer('integration', 240_000),
    ],
  },
});
