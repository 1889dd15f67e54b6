// A stream of JSON documents, one a line, as a watch sends them; a line may come in many pieces.
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

export async function* jsonLines<T>(stream: Readable): AsyncGenerator<T> {
  const decoder = new StringDecoder('utf8');
  let pieces = '';
  for await (const chunk of stream) {
    const lines = (pieces + decoder.write(chunk as Buffer)).split('\n');
    pieces = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as T;
  }
  // What is left was cut off by a dying connection: the next watch brings it again.
}
