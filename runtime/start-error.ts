// Why a program cannot start, where that is for a person to mend: the message is the whole story, a stack would only hide it.

export class StartError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StartError';
  }
}
