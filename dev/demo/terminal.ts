// What a person sees of the demo. On a terminal: colours, and one line that changes in place while something is awaited.
// Elsewhere (a pipe, CI) the same as plain lines, a changed line printed once per change.
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const indent = '     ';

export class Terminal {
  readonly #output: Output;
  readonly #isLive: boolean;
  #liveLine = '';
  #column = 0;

  constructor(output: Output, env: Readonly<Record<string, string | undefined>>) {
    this.#output = output;
    this.#isLive = output.isTTY === true && env.TERM !== 'dumb' && env.NO_COLOR === undefined;
  }

  title(text: string): void {
    this.#line(`\n${this.#bold(text)}`);
  }

  step(number: number, name: string): void {
    this.#line(`\n${this.#paint('36', String(number).padStart(3))}  ${this.#bold(name)}`);
  }

  /** A command as a person would type it. */
  command(text: string): void {
    this.#line(`${indent}${this.#paint('2', '$')} ${text}`);
  }

  say(text: string): void {
    for (const line of text.trimEnd().split('\n')) this.#line(`${indent}${this.#paint('2', line)}`);
  }

  output(text: string): void {
    for (const line of text.trimEnd().split('\n')) this.#line(`${indent}${line}`);
  }

  proved(text: string): void {
    this.#line(`${indent}${this.#paint('32', '✓')} ${text}`);
  }

  failed(text: string): void {
    for (const [index, line] of text.trimEnd().split('\n').entries()) {
      this.#line(`${indent}${index === 0 ? this.#paint('31', '✗') : ' '} ${line}`);
    }
  }

  /** What is awaited now; replaced by the next call, gone with the next line. The fleeting part is for terminals only. */
  live(text: string, fleeting = ''): void {
    if (!this.#isLive) {
      if (text !== '' && text !== this.#liveLine) this.#output.write(`${indent}${text}\n`);
      this.#liveLine = text;
      return;
    }
    const line = `${text}${fleeting}`.slice(0, this.#width() - indent.length - 3);
    if (line === this.#liveLine) return;
    this.#clear();
    this.#liveLine = line;
    this.#output.write(`${indent}${this.#paint('33', '…')} ${line}`);
  }

  /** Text that arrives in pieces, shown as it arrives and wrapped at the terminal's width. */
  piece(text: string): void {
    if (this.#column === 0) {
      this.#clear();
      this.#output.write(indent);
      this.#column = indent.length;
    }
    if (this.#column + text.length > Math.min(this.#width(), 100)) {
      this.#output.write(`\n${indent}`);
      this.#column = indent.length;
      text = text.trimStart();
    }
    this.#output.write(text);
    this.#column += text.length;
  }

  endPieces(): void {
    if (this.#column > 0) this.#output.write('\n');
    this.#column = 0;
  }

  summary(rows: readonly { readonly isGood: boolean; readonly name: string; readonly detail: string }[]): void {
    const width = Math.max(...rows.map((row) => row.name.length));
    for (const row of rows) {
      const mark = row.isGood ? this.#paint('32', '✓') : this.#paint('31', '✗');
      this.#line(`  ${mark} ${row.name.padEnd(width)}  ${this.#paint('2', row.detail)}`);
    }
  }

  line(text = ''): void {
    this.#line(text);
  }

  #line(text: string): void {
    this.#clear();
    this.endPieces();
    this.#output.write(`${text}\n`);
  }

  #clear(): void {
    if (!this.#isLive) return;
    if (this.#liveLine !== '') this.#output.write('\r\u001b[2K');
    this.#liveLine = '';
  }

  #width(): number {
    // A pseudo-terminal that nobody sized says 0.
    return this.#output.columns || 100;
  }

  #paint(code: string, text: string): string {
    return this.#isLive ? `\u001b[${code}m${text}\u001b[0m` : text;
  }

  #bold(text: string): string {
    return this.#paint('1', text);
  }
}
