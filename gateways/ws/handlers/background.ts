import { setAppBackgroundStatusReq } from '../../openim/requests.ts';
import { data, EMPTY, type Handler } from '../answer.ts';
import { askedUser } from './common.ts';

/** 2004: the app has gone to the background, or come back; it syncs by itself when it does. */
export const background = (): Handler => (connection, request) => {
  const { userID, isBackground } = setAppBackgroundStatusReq.decode(request.data);
  const asked = askedUser(connection, userID);
  if ('foreign' in asked) return asked.foreign;
  connection.background = isBackground;
  return data(EMPTY);
};
