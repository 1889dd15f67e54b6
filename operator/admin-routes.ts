// The operator's admin port: is the process well, does it see the cluster, and its figures.
import type { AdminRoute } from '../runtime/admin-server.ts';
import type { OperatorMetrics } from './metrics.ts';
import type { ClusterView } from './watch/cluster-view.ts';

export function adminRoutes(view: ClusterView, metrics: OperatorMetrics): readonly AdminRoute[] {
  return [
    { path: '/healthz', methods: ['GET'], reply: () => ({ status: 200, body: 'ok\n' }) },
    {
      path: '/readyz',
      methods: ['GET'],
      reply: () => {
        const late = view.watchers.filter((watcher) => !watcher.hasSynced).map((watcher) => watcher.name);
        return late.length === 0
          ? { status: 200, body: 'ok\n' }
          : { status: 503, body: `not listed yet (see the log for why): ${late.join(', ')}\n` };
      },
    },
    {
      path: '/metrics',
      methods: ['GET'],
      reply: async () => ({
        status: 200,
        contentType: metrics.registry.contentType,
        body: await metrics.registry.metrics(),
      }),
    },
  ];
}
