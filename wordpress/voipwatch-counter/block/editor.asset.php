<?php
/**
 * What editor.js stands on; it is written by hand and needs no build.
 *
 * @package VoipWatchCounter
 */

defined( 'ABSPATH' ) || exit;

return array(
	'dependencies' => array( 'wp-block-editor', 'wp-blocks', 'wp-components', 'wp-element', 'wp-i18n', 'wp-server-side-render' ),
	'version'      => '0.1.0',
);
