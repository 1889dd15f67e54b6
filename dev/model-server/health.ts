// What the health path answers. One word sets it: a status word, a code, or one of the special words below.
// The loading phase goes before the word and ends by itself.
export interface HealthAnswer {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: string;
}

const specialWords: Readonly<Record<string, HealthAnswer | 'never'>> = {
  plain: { status: 200, contentType: 'text/plain', body: 'all is well' },
  empty: { status: 200, contentType: null, body: '' },
  'no-status': { status: 200, contentType: 'application/json', body: '{"model":"loaded"}' },
  'broken-json': { status: 200, contentType: 'application/json', body: '{"status":' },
  hang: 'never',
};

export class Health {
  #word: string;
  #isLoading = false;

  constructor(word: string) {
    this.#word = word;
  }

  get isLoading(): boolean {
    return this.#isLoading;
  }

  set(word: string): void {
    this.#word = word;
  }

  setLoading(isLoading: boolean): void {
    this.#isLoading = isLoading;
  }

  answer(): HealthAnswer | 'never' {
    if (this.#isLoading) return { status: 503, contentType: 'application/json', body: '{"status":"loading"}' };
    const special = specialWords[this.#word];
    if (special !== undefined) return special;
    if (/^\d{3}$/.test(this.#word)) {
      return { status: Number(this.#word), contentType: 'text/plain', body: this.#word };
    }
    return { status: 200, contentType: 'application/json', body: JSON.stringify({ status: this.#word }) };
  }
}
