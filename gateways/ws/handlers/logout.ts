import { delUserPushTokenReq } from '../../openim/requests.ts';
import { EMPTY, type Handler } from '../answer.ts';
import { askedUser } from './common.ts';

/** 2003: the app has logged out. The answer, then the end of the connection; the token stays valid. */
export const logout = (): Handler => (connection, request) => {
  const { userID } = delUserPushTokenReq.decode(request.data);
  const asked = askedUser(connection, userID);
  if ('foreign' in asked) return asked.foreign;
  return { kind: 'data', data: EMPTY, last: 'logged-out' };
};
