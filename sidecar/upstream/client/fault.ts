// Why a round trip to the container failed, where it is not the operating system that says so. Pure.

export type FaultCode =
  /** The container's address did not accept in time. */
  | 'CONNECT_TIMEOUT'
  /** What came back can not be read as HTTP/1.1, or in more than one way. */
  | 'NOT_HTTP'
  /** The connection ended before the response did. */
  | 'CLOSED'
  /** Silence in the middle of a response body. */
  | 'SILENT';

export class ClientFault extends Error {
  readonly code: FaultCode;

  constructor(code: FaultCode, message: string) {
    super(message);
    this.code = code;
  }
}

export function notHttp(what: string): ClientFault {
  return new ClientFault('NOT_HTTP', what);
}
