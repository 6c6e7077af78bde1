import { setAppBackgroundStatusReq } from '../../openim/requests.ts';
import { data, EMPTY, type Handler } from '../answer.ts';
import { askedUser, type HandlerDeps } from './common.ts';

/** 2004: the app has gone to the background, or come back; it syncs by itself when it does. */
export const background =
  ({ connections }: Pick<HandlerDeps, 'connections'>): Handler =>
  (connection, request) => {
    const { userID, isBackground } = setAppBackgroundStatusReq.decode(request.data);
    const asked = askedUser(connection, userID);
    if ('foreign' in asked) return asked.foreign;
    connections.setBackground(connection, isBackground);
    return data(EMPTY);
  };
