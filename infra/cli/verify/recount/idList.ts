const ID_BYTES = 16;
const FIRST_ROOM = 4;

/**
 * Ids by number, 16 bytes each and out of the heap: a log has more messages than anything else, and each of
 * their ids has to be remembered.
 */
export class IdList {
  #bytes = Buffer.alloc(0);

  set(seq: number, id: string): void {
    const at = (seq - 1) * ID_BYTES;
    if (at >= this.#bytes.length) {
      const room = Math.max(FIRST_ROOM * ID_BYTES, 2 * this.#bytes.length, at + ID_BYTES);
      const grown = Buffer.alloc(room);
      this.#bytes.copy(grown);
      this.#bytes = grown;
    }
    this.#bytes.write(id.replaceAll('-', ''), at, 'hex');
  }

  /** Undefined: none has been set there. */
  at(seq: number): string | undefined {
    const at = (seq - 1) * ID_BYTES;
    const hex = this.#bytes.toString('hex', at, at + ID_BYTES);
    if (hex === '' || /^0+$/.test(hex)) return undefined;
    const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
    return `${parts.join('-')}-${hex.slice(20)}`;
  }
}
