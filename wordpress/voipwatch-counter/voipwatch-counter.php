<?php
/**
 * Plugin Name:       VoipWatch Counter
 * Description:       How long internet calls have been blocked, measured by a VoipWatch observatory of your choice. Block, shortcode and widget.
 * Version:           0.1.0
 * Requires at least: 6.1
 * Requires PHP:      7.4
 * Author:            The VoipWatch contributors
 * License:           GPL-2.0-or-later
 * License URI:       https://www.gnu.org/licenses/old-licenses/gpl-2.0.html
 * Text Domain:       voipwatch-counter
 * Domain Path:       /languages
 *
 * One path for all three ways to show a counter: includes/render.php. It renders what the site holds already (includes/store.php),
 * which came from the observatory (includes/fetch.php) and passed includes/document.php. Nothing is asked of anybody before the
 * box on the settings page (includes/settings-page.php) is ticked.
 *
 * @package VoipWatchCounter
 */

namespace VoipWatch\Counter;

defined( 'ABSPATH' ) || exit;

const VERSION = '0.1.0';
const FILE    = __FILE__;

require_once __DIR__ . '/includes/document.php';
require_once __DIR__ . '/includes/settings.php';
require_once __DIR__ . '/includes/store.php';
require_once __DIR__ . '/includes/fetch.php';
require_once __DIR__ . '/includes/render.php';
require_once __DIR__ . '/includes/languages.php';
require_once __DIR__ . '/includes/class-widget.php';
if ( is_admin() ) {
	require_once __DIR__ . '/includes/settings-page.php';
}

/**
 * The block, the shortcode and the two scripts.
 */
function register() {
	wp_register_script(
		'voipwatch-counter',
		plugins_url( 'assets/counter.js', FILE ),
		array(),
		VERSION,
		// Before 6.3 the whole array only means "in the footer"; a module is deferred by itself.
		array(
			'in_footer' => true,
			'strategy'  => 'defer',
		)
	);
	register_block_type( __DIR__ . '/block' );
	wp_set_script_translations( 'voipwatch-counter-editor-script', 'voipwatch-counter', __DIR__ . '/languages' );
	add_shortcode( 'voipwatch_counter', __NAMESPACE__ . '\shortcode' );
}
add_action( 'init', __NAMESPACE__ . '\register' );

/**
 * The classic widget, for themes with sidebars.
 */
function register_the_widget() {
	register_widget( Widget::class );
}
add_action( 'widgets_init', __NAMESPACE__ . '\register_the_widget' );

/**
 * Our script is a module: WordPress learns to say so in 6.5 only, and there with an import map on every page.
 *
 * @param string $tag    The whole element.
 * @param string $handle Which script.
 * @return string
 */
function as_module( $tag, $handle ) {
	if ( 'voipwatch-counter' !== $handle ) {
		return $tag;
	}
	$tag = preg_replace( '/\stype=(["\'])[^"\']*\1/', '', $tag );
	return preg_replace( '/<script\s/', '<script type="module" ', $tag, 1 );
}
add_filter( 'script_loader_tag', __NAMESPACE__ . '\as_module', 10, 2 );
