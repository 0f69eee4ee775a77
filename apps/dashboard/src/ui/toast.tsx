import { IconCircleCheck, IconCircleX } from '@tabler/icons-react';
import { notifications } from '@mantine/notifications';

/** One line at the bottom left for what a person did; errors stay until they are closed. */
export function toastDone(message: string): void {
  notifications.show({
    message,
    color: 'transparent',
    icon: <IconCircleCheck size={18} color="var(--well)" aria-hidden="true" />,
    withBorder: true,
    closeButtonProps: { 'aria-label': 'Close' },
  });
}

export function toastFailed(message: string): void {
  notifications.show({
    message,
    color: 'transparent',
    autoClose: false,
    icon: <IconCircleX size={18} color="var(--fail)" aria-hidden="true" />,
    withBorder: true,
    closeButtonProps: { 'aria-label': 'Close' },
  });
}
