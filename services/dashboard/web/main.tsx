/** The page: finds its element, and draws the console into it. */
import { createRoot } from 'react-dom/client';
import './style/fonts.css';
import './style/tokens.css';
import './style/base.css';
import './style/controls.css';
import './style/shell.css';
import './style/tables.css';
import './style/screens.css';
import 'uplot/dist/uPlot.min.css';
import { App } from './screens/shell/app.tsx';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no element with the id "root"');
createRoot(root).render(<App />);
