import { Type } from '@sinclair/typebox';
import { batchSendRoute } from '../batchSend.ts';
import { businessNotificationRoute } from '../businessNotification.ts';
import { body } from '../fields.ts';
import { answer } from '../reply.ts';
import { route, type Route } from '../route.ts';
import type { RouteDeps } from '../routes.ts';
import { sendMessageRoute } from '../sendMessage.ts';
import { sendSimpleRoute } from '../sendSimple.ts';
import { SendStatuses } from '../sendStatuses.ts';

/** Messages that app servers and bots send. */
export const msgSendRoutes = (deps: RouteDeps): readonly Route[] => {
  const statuses = new SendStatuses(deps.now);
  return [
    sendMessageRoute(deps, statuses.noted),
    batchSendRoute(deps),
    businessNotificationRoute(deps),
    sendSimpleRoute(deps),
    route({
      path: '/msg/check_msg_is_send_success',
      summary: "What has become of the caller's send_msg of this very operationID.",
      access: { kind: 'user' },
      body: body({}),
      data: Type.Object({ status: Type.Integer() }),
      run: ({ caller, meta }) =>
        Promise.resolve(answer({ status: statuses.of(caller.user, meta.operationId) })),
    }),
  ];
};
