import { Modal, Switch } from '@mantine/core';
import { setSingleKeys, setUi, useUi } from '../../ui/ui-state.ts';
import { navItems } from './nav.ts';
import '../../ui/dialog.css';

const keys: readonly (readonly [string, string])[] = [
  ['⌘K or Ctrl K', 'find or do'],
  ['/', 'filter the list'],
  ['j  k', 'next and previous row'],
  ['Enter', 'open the row'],
  ['[  ]', 'previous and next tab'],
  ['Space', 'pause and resume live'],
  ['t', 'time range'],
  ['.', 'charts also as tables'],
  ['h', 'hold the live records'],
  ['p', 'pause or resume the processor'],
  ['Esc', 'close the open record'],
  ['?', 'this sheet'],
  ...navItems.map((item) => [`g ${item.key}`, item.label] as const),
];

export function KeySheet() {
  const { keysOpen, singleKeys } = useUi();
  return (
    <Modal
      opened={keysOpen}
      onClose={() => setUi({ keysOpen: false })}
      title="Keys"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <dl className="data-list">
        {keys.map(([key, meaning]) => (
          <div key={key} style={{ display: 'contents' }}>
            <dt>
              <kbd className="kbd">{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <Switch
        mt={16}
        label="Single-letter keys act"
        checked={singleKeys}
        onChange={(event) => setSingleKeys(event.currentTarget.checked)}
      />
    </Modal>
  );
}
