<?php
/**
 * Our translations, which come with the plugin.
 *
 * @package VoipWatchCounter
 */

namespace VoipWatch\Counter;

defined( 'ABSPATH' ) || exit;

// A country's variant without a file of its own reads the language's: French of Canada, Arabic of Morocco.
const NEAREST = array(
	'fr'  => 'fr_FR',
	'ar'  => 'ar',
	'ary' => 'ar',
);

/**
 * Load them, wherever the plugin is installed.
 */
function load_languages() {
	load_plugin_textdomain( 'voipwatch-counter', false, dirname( plugin_basename( FILE ) ) . '/languages' );
}
add_action( 'init', __NAMESPACE__ . '\load_languages', 1 );

/**
 * The file of the nearest language where the wanted one is not there.
 *
 * @param string|false $file   Path of a .mo file or of a script's .json file.
 * @param string       $domain Whose texts, for a .mo file; a script's handle, for a .json file.
 * @return string|false
 */
function nearest_file( $file, $domain ) {
	if ( ! is_string( $file ) || 0 !== strpos( $domain, 'voipwatch-counter' ) || is_readable( $file ) ) {
		return $file;
	}
	if ( ! preg_match( '/^voipwatch-counter-(([a-z]{2,3})(?:_[A-Za-z_]+)?)((?:-voipwatch-counter-editor-script)?\.(?:mo|json))\z/', basename( $file ), $part ) ) {
		return $file;
	}
	if ( ! isset( NEAREST[ $part[2] ] ) ) {
		return $file;
	}
	$near = dirname( FILE ) . '/languages/voipwatch-counter-' . NEAREST[ $part[2] ] . $part[3];
	return is_readable( $near ) ? $near : $file;
}
add_filter( 'load_textdomain_mofile', __NAMESPACE__ . '\nearest_file', 10, 2 );
add_filter( 'load_script_translation_file', __NAMESPACE__ . '\nearest_file', 10, 2 );
