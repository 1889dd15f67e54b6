// A waiting line: first come first served, and anyone may leave from the middle at once.

/** A place in a line. Kept by whoever waits, to leave early. */
export class Place<T> {
  readonly value: T;
  before: Place<T> | undefined;
  after: Place<T> | undefined;
  line: Line<T> | undefined;

  constructor(value: T) {
    this.value = value;
  }
}

export class Line<T> {
  #first: Place<T> | undefined;
  #last: Place<T> | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get first(): T | undefined {
    return this.#first?.value;
  }

  join(value: T): Place<T> {
    const place = new Place(value);
    place.line = this;
    place.before = this.#last;
    if (this.#last) this.#last.after = place;
    else this.#first = place;
    this.#last = place;
    this.#length++;
    return place;
  }

  /** For those whose turn had come already and who were sent back through no fault of theirs. */
  joinAtFront(value: T): Place<T> {
    const place = new Place(value);
    place.line = this;
    place.after = this.#first;
    if (this.#first) this.#first.before = place;
    else this.#last = place;
    this.#first = place;
    this.#length++;
    return place;
  }

  /** Harmless when the place was left or taken already. */
  leave(place: Place<T>): void {
    if (place.line !== this) return;
    place.line = undefined;
    if (place.before) place.before.after = place.after;
    else this.#first = place.after;
    if (place.after) place.after.before = place.before;
    else this.#last = place.before;
    // Else who left, once old, would keep all who came after it from being collected young.
    place.before = undefined;
    place.after = undefined;
    this.#length--;
  }

  take(): T | undefined {
    const place = this.#first;
    if (place === undefined) return undefined;
    this.leave(place);
    return place.value;
  }
}
