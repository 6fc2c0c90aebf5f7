<?php
/**
 * What the administrator decided: one option, read and cleaned in one place.
 *
 * @package VoipWatchCounter
 */

namespace VoipWatch\Counter;

defined( 'ABSPATH' ) || exit;

const SETTINGS_OPTION = 'voipwatch_counter_settings';

/**
 * Nothing is fetched, nobody is named, nothing is linked.
 *
 * @return array {observatory, fetch, id, lang, link}
 */
function default_settings() {
	return array(
		'observatory' => '',
		'fetch'       => false,
		'id'          => '',
		'lang'        => 'auto',
		'link'        => false,
	);
}

/**
 * The settings in force.
 *
 * @return array As default_settings().
 */
function settings() {
	$stored = get_option( SETTINGS_OPTION, array() );
	return array_merge( default_settings(), is_array( $stored ) ? $stored : array() );
}

/**
 * An observatory's address without its last slash, or '' where it is none that we would ask.
 *
 * Over https only: what a counter says must not be rewritten on its way, least of all in a country that interferes.
 *
 * @param mixed $url As typed.
 * @return string
 */
function clean_observatory( $url ) {
	if ( ! is_string( $url ) || strlen( $url ) > 300 ) {
		return '';
	}
	$url  = rtrim( trim( $url ), '/' );
	$part = wp_parse_url( $url );
	if ( ! is_array( $part ) || empty( $part['host'] ) || ! isset( $part['scheme'] ) || 'https' !== strtolower( $part['scheme'] ) ) {
		return '';
	}
	if ( ! preg_match( '/^[A-Za-z0-9.-]+\z/', $part['host'] ) || false !== strpbrk( $url, "[]'" ) ) {
		return '';
	}
	if ( isset( $part['user'] ) || isset( $part['pass'] ) || isset( $part['query'] ) || isset( $part['fragment'] ) ) {
		return '';
	}
	$clean = esc_url_raw( $url, array( 'https' ) );
	return $clean === $url ? $clean : '';
}

/**
 * What the form sent, made safe; what is wrong is said and the old value kept.
 *
 * @param mixed $raw The form's fields.
 * @return array As default_settings().
 */
function clean_settings( $raw ) {
	$raw = is_array( $raw ) ? $raw : array();
	$old = settings();
	$new = default_settings();

	$typed              = isset( $raw['observatory'] ) && is_string( $raw['observatory'] ) ? trim( $raw['observatory'] ) : '';
	$new['observatory'] = clean_observatory( $typed );
	if ( '' === $new['observatory'] && '' !== $typed ) {
		complain( 'observatory', __( 'The observatory’s address must begin with https:// and hold no name, password, question mark or hash. The old address was kept.', 'voipwatch-counter' ) );
		$new['observatory'] = $old['observatory'];
	}

	$id = isset( $raw['id'] ) && is_string( $raw['id'] ) ? trim( $raw['id'] ) : '';
	if ( '' === $id || is_counter_id( $id ) ) {
		$new['id'] = $id;
	} else {
		complain( 'id', __( 'A counter is named by letters, digits and hyphens, as in MA or MA-2016-01-a. The old name was kept.', 'voipwatch-counter' ) );
		$new['id'] = $old['id'];
	}

	$lang        = isset( $raw['lang'] ) ? $raw['lang'] : 'auto';
	$new['lang'] = is_language( $lang ) ? $lang : 'auto';
	$new['link'] = ! empty( $raw['link'] );

	$new['fetch'] = ! empty( $raw['fetch'] );
	if ( $new['fetch'] && '' === $new['observatory'] ) {
		complain( 'fetch', __( 'Nothing is fetched before you name an observatory.', 'voipwatch-counter' ) );
		$new['fetch'] = false;
	}
	return $new;
}

/**
 * Tell the administrator, where there is one to tell.
 *
 * @param string $code    Which field.
 * @param string $message What is wrong with it.
 */
function complain( $code, $message ) {
	if ( function_exists( 'add_settings_error' ) ) {
		add_settings_error( SETTINGS_OPTION, $code, $message );
	}
}
