// The line in the log for whatever our own code threw: not the fault of a client or the container, and a bug to be reported.
import type { Logger } from '../../runtime/logger.ts';

/** `id`: of the request that it was at work for; empty where there is none. Does not throw. */
export type FaultLog = (error: unknown, id?: string) => void;

export function createFaultLog(logger: Logger): FaultLog {
  return (error, id = '') =>
    logger.error(
      { err: error, ...(id !== '' && { id }) },
      'a fault of the sidecar itself ended this request or connection',
    );
}
