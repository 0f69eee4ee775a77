import { IconMenu2 } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { setUi } from '../../ui/ui-state.ts';
import { navItems } from './nav.ts';

const onPhone = ['/', '/ui/consumer-groups', '/ui/pipelines', '/ui/batch-jobs'];

/** The phone's tab bar: four pages, and the rest behind "More", which opens find or do. */
export function PhoneTabs() {
  return (
    <nav className="phone-tabs" aria-label="Pages">
      {navItems
        .filter((item) => onPhone.includes(item.to))
        .map(({ to, short, icon: Icon }) => (
          <Link key={to} to={to} activeOptions={{ exact: to === '/', includeSearch: false }}>
            <Icon size={20} stroke={1.75} aria-hidden="true" />
            {short}
          </Link>
        ))}
      <button type="button" onClick={() => setUi({ paletteOpen: true })}>
        <IconMenu2 size={20} stroke={1.75} aria-hidden="true" />
        More
      </button>
    </nav>
  );
}
