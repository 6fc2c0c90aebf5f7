<?php
/**
 * The only place that asks anybody anything: one GET to the observatory that the administrator named and agreed to.
 *
 * @package VoipWatchCounter
 */

namespace VoipWatch\Counter;

defined( 'ABSPATH' ) || exit;

// A page waits this long at most, and only where nothing at all is known yet.
const TIMEOUT_S = 3;

/**
 * The address of a counter's data.
 *
 * @param string $observatory As clean_observatory() gives it.
 * @param string $id          As is_counter_id() allows it.
 * @return string
 */
function document_url( $observatory, $id ) {
	return $observatory . '/counter/' . rawurlencode( $id ) . '.json';
}

/**
 * What is known of a counter; asks for what is due.
 *
 * What is known already is shown as it is and asked for anew once the page is out; only the first time waits.
 *
 * @param string $id As is_counter_id() allows it.
 * @return array|null As read_document().
 */
function document_of( $id ) {
	$now   = time();
	$data  = stored();
	$entry = isset( $data[ $id ] ) ? $data[ $id ] : null;
	if ( is_due( $entry, $now ) ) {
		if ( null === $entry ) {
			refresh( $id );
			$data  = stored();
			$entry = isset( $data[ $id ] ) ? $data[ $id ] : null;
		} else {
			refresh_after_the_page( $id );
		}
	}
	return null === $entry ? null : $entry['document'];
}

/**
 * Ask for a counter when the page has been sent.
 *
 * @param string $id The counter.
 */
function refresh_after_the_page( $id ) {
	static $waiting = array();
	if ( isset( $waiting[ $id ] ) ) {
		return;
	}
	$waiting[ $id ] = true;
	add_action(
		'shutdown',
		static function () use ( $id ) {
			if ( function_exists( 'fastcgi_finish_request' ) ) {
				fastcgi_finish_request();
			}
			refresh( $id );
		},
		PHP_INT_MAX
	);
}

/**
 * Ask for a counter now, if it is due, there is consent, and nobody else is asking.
 *
 * @param string $id The counter.
 */
function refresh( $id ) {
	$settings = settings();
	$now      = time();
	if ( ! $settings['fetch'] || '' === $settings['observatory'] || ! has_room( $id, $now ) || ! take_lock( $now ) ) {
		return;
	}
	read_anew();
	$data = stored();
	if ( is_due( isset( $data[ $id ] ) ? $data[ $id ] : null, $now ) ) {
		list( $document, $failure ) = ask( $settings['observatory'], $id, $now );
		keep( $id, $document, $failure, $now );
	}
	release_lock();
}

/**
 * One request.
 *
 * @param string $observatory As clean_observatory() gives it.
 * @param string $id          The counter.
 * @param int    $now         Seconds since 1970.
 * @return array [document or null, why not: 'unreachable', 'status NNN', 'not a counter' or '']
 */
function ask( $observatory, $id, $now ) {
	$answer = wp_safe_remote_get(
		document_url( $observatory, $id ),
		array(
			'timeout'             => TIMEOUT_S,
			'redirection'         => 0,
			// One byte more than we take, so that a longer answer is seen to be one.
			'limit_response_size' => MAX_DOCUMENT_BYTES + 1,
			// WordPress would name this site's address here.
			'user-agent'          => 'voipwatch-counter/' . VERSION,
			'headers'             => array( 'Accept' => 'application/json' ),
		)
	);
	if ( is_wp_error( $answer ) ) {
		return array( null, 'unreachable' );
	}
	$status = (int) wp_remote_retrieve_response_code( $answer );
	if ( 200 !== $status ) {
		return array( null, 'status ' . $status );
	}
	$document = read_document( wp_remote_retrieve_body( $answer ), $id, $now );
	return array( $document, null === $document ? 'not a counter' : '' );
}
