import type { EventId } from '../../../core/kernel/ids.ts';
import { Malformed, type MessageReader } from './protobufReader.ts';
import type { MessageWriter } from './protobufWriter.ts';

/** In which of the protocol's two forms a caller wants ids: as text, or as two halves of 64 bits. */
export type UuidForm = 'text' | 'structured';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const NOBODY = '00000000-0000-0000-0000-000000000000';

const isUuid = (text: string): text is EventId => UUID.test(text) && text !== NOBODY;

/** `UUID`, in either form; as text in lower case. @throws Malformed for what is none, or all zero */
export const readUuid = (reader: MessageReader): EventId => {
  let text = '';
  while (reader.next()) {
    if (reader.field === 1) text = structuredText(reader.message());
    else if (reader.field === 2) text = reader.text();
    else reader.skip();
  }
  if (isUuid(text)) return text;
  const lower = text.toLowerCase();
  if (isUuid(lower)) return lower;
  throw new Malformed(`"${text.slice(0, 40)}" is not a UUID, or one of nothing but zeros`);
};

const structuredText = (reader: MessageReader): string => {
  let [most, least] = [0n, 0n];
  while (reader.next()) {
    if (reader.field === 1) most = reader.bits();
    else if (reader.field === 2) least = reader.bits();
    else reader.skip();
  }
  const hex = ((most << 64n) | least).toString(16).padStart(32, '0');
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
  return `${parts.join('-')}-${hex.slice(20)}`;
};

export const writeUuid = (
  writer: MessageWriter,
  field: number,
  id: string,
  form: UuidForm = 'text',
): void => {
  const opened = writer.open();
  if (form === 'text') writer.text(2, id);
  else writeStructured(writer, id.replaceAll('-', ''));
  writer.close(field, opened);
};

const writeStructured = (writer: MessageWriter, hex: string): void => {
  const opened = writer.open();
  writer.uint(2, BigInt(`0x${hex.slice(16)}`));
  writer.uint(1, BigInt(`0x${hex.slice(0, 16)}`));
  writer.close(1, opened);
};
