// Status where the objects themselves cannot be written.
import type { Problem } from '../../operator/reconcile/outcome.ts';
import { checkRows, type Row } from '../support/status-rows.ts';

const problem = (reason: Problem['reason'], isTransient = false): Problem => ({
  reason,
  message: `about ${reason}`,
  isTransient,
});

const rows = {
  'no store is configured': {
    pods: [],
    problem: problem('StoreNotConfigured'),
    phase: 'Unhealthy',
    waitingFor: 'Store',
    conditions: [
      'StoreReady=False:StoreNotConfigured',
      'Progressing=False:StoreNotConfigured',
      'Available=False:StoreNotConfigured',
    ],
  },
  'a name is taken': {
    pods: [],
    problem: problem('ForeignObject'),
    phase: 'Unhealthy',
    waitingFor: 'FreeName',
    conditions: ['Progressing=False:ForeignObject', 'Available=False:ForeignObject'],
  },
  'a permission is missing while pods run': {
    pods: [{}],
    problem: problem('PermissionDenied'),
    phase: 'Degraded',
    waitingFor: 'Permission',
    conditions: ['Progressing=False:PermissionDenied', 'Available=True:AllReplicasReady'],
  },
  'the API server refuses an object': {
    pods: [],
    problem: problem('Refused'),
    phase: 'Unhealthy',
    waitingFor: 'CorrectSpec',
    conditions: ['Progressing=False:Refused'],
  },
  'the API server is away for a moment': {
    pods: [{}],
    problem: problem('ApplyFailed', true),
    phase: 'Healthy',
    waitingFor: 'APIServer',
    conditions: ['Progressing=False:ApplyFailed', 'Available=True:AllReplicasReady'],
  },
} satisfies Readonly<Record<string, Row>>;

checkRows(rows);
