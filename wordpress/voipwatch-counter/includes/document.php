<?php
/**
 * The door through which the observatory's words enter: voipwatch.counter/1, read strictly.
 *
 * Pure: no WordPress function, no clock, no network. What is kept is only what PHP shows. The headline, which may speak of
 * "today", is dropped here, so that no page that a cache freezes can hold it.
 *
 * @package VoipWatchCounter
 */

namespace VoipWatch\Counter;

defined( 'ABSPATH' ) || exit;

const SCHEMA = 'voipwatch.counter/1';

// A document with texts in four languages has about 4 kB; sixteen times that is no counter.
const MAX_DOCUMENT_BYTES = 65536;
const MAX_TEXT_BYTES     = 2000;
const MAX_LANGUAGES      = 16;
// An observatory tells of twelve petitions at most.
const MAX_PETITIONS = 64;
// A clock that is a day off is a broken clock; a document from further ahead would never look old.
const MAX_CLOCK_SKEW_S = 86400;

/**
 * What a document says, or null where anything that we would show is not as the schema has it.
 *
 * @param string $body JSON, as received.
 * @param string $id   The counter that was asked for.
 * @param int    $now  Seconds since 1970, UTC.
 * @return array|null {as_of, valid_until, next_change_at (seconds; the last two or null), page {LANG: url, absolute or
 *                    relative to the document's}, texts {LANG: {dated, source, emulated, dir}}, petitions {ID: {page
 *                    {LANG: url}, texts {LANG: text}}}}
 */
function read_document( $body, $id, $now ) {
	if ( ! is_string( $body ) || strlen( $body ) > MAX_DOCUMENT_BYTES ) {
		return null;
	}
	$raw = json_decode( $body, true, 8 );
	if ( ! is_array( $raw ) || SCHEMA !== field( $raw, 'schema' ) || field( $raw, 'id' ) !== $id ) {
		return null;
	}
	// What it says of itself as numbers and states is the script's to show; here only their form is looked at.
	if ( ! is_bool( field( $raw, 'synthetic' ) ) || ! is_bool( field( $raw, 'live' ) ) || ! is_text( field( $raw, 'state' ) ) ) {
		return null;
	}
	$read = array(
		'as_of'          => read_instant( field( $raw, 'as_of' ) ),
		'valid_until'    => null,
		'next_change_at' => null,
		'page'           => read_pages( field( $raw, 'page' ) ),
		'texts'          => read_texts( field( $raw, 'texts' ), $raw['synthetic'] ),
		'petitions'      => read_petitions( field( $raw, 'petitions' ) ),
	);
	foreach ( array( 'valid_until', 'next_change_at' ) as $name ) {
		if ( null !== field( $raw, $name ) ) {
			$read[ $name ] = read_instant( $raw[ $name ] );
			if ( null === $read[ $name ] ) {
				return null;
			}
		}
	}
	$sound = null !== $read['as_of']
		&& $read['as_of'] <= $now + MAX_CLOCK_SKEW_S
		&& ( null === $read['valid_until'] || $read['as_of'] <= $read['valid_until'] )
		&& null !== $read['page']
		&& null !== $read['texts']
		&& null !== $read['petitions'];
	return $sound ? $read : null;
}

/**
 * A value of an object, null where it is absent.
 *
 * @param array  $object A decoded object.
 * @param string $name   The key.
 * @return mixed
 */
function field( $object, $name ) {
	return isset( $object[ $name ] ) ? $object[ $name ] : null;
}

/**
 * Seconds since 1970 of an instant in UTC, as RFC 3339 writes it; null for anything else.
 *
 * @param mixed $text "2016-12-28T00:00:00Z", with or without a fraction.
 * @return int|null
 */
function read_instant( $text ) {
	$form = '/^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:Z|\+00:00)\z/';
	if ( ! is_string( $text ) || ! preg_match( $form, $text, $part ) ) {
		return null;
	}
	list( , $year, $month, $day, $hour, $minute, $second ) = array_map( 'intval', $part );
	if ( ! checkdate( $month, $day, $year ) || $hour > 23 || $minute > 59 || $second > 59 ) {
		return null;
	}
	return gmmktime( $hour, $minute, $second, $month, $day, $year );
}

/**
 * The counter's own page in each language; an address that we would not link to is left out.
 *
 * @param mixed $raw {LANG: url}.
 * @return array|null
 */
function read_pages( $raw ) {
	if ( ! is_array( $raw ) || count( $raw ) > MAX_LANGUAGES ) {
		return null;
	}
	$pages = array();
	foreach ( $raw as $lang => $url ) {
		if ( ! is_language( $lang ) || ! is_text( $url ) ) {
			return null;
		}
		// Whole or from the document's folder up. What RFC 3986 allows, but for quotes, which end an attribute, and
		// brackets, which begin a shortcode.
		if ( preg_match( '/^(?:https:\/\/|\.\.\/(?![.\/]))[A-Za-z0-9._~:\/?#@!$&()*+,;=%-]+\z/', $url ) ) {
			$pages[ $lang ] = $url;
		}
	}
	return $pages;
}

/**
 * The finished sentences in each language; emulated data without its own word for it is refused.
 *
 * @param mixed $raw       {LANG: {headline, dated, source, emulated, dir}}.
 * @param bool  $synthetic Whether the data are emulated.
 * @return array|null
 */
function read_texts( $raw, $synthetic ) {
	if ( ! is_array( $raw ) || 0 === count( $raw ) || count( $raw ) > MAX_LANGUAGES ) {
		return null;
	}
	$texts = array();
	foreach ( $raw as $lang => $text ) {
		if ( ! is_language( $lang ) || ! is_array( $text ) ) {
			return null;
		}
		$dated    = field( $text, 'dated' );
		$source   = field( $text, 'source' );
		$emulated = field( $text, 'emulated' );
		$dir      = field( $text, 'dir' );
		$sound    = is_text( $dated ) && is_text( $source ) && is_text( $emulated ) && '' !== $dated
			&& ( ! $synthetic || '' !== $emulated )
			&& in_array( $dir, array( 'ltr', 'rtl' ), true );
		if ( ! $sound ) {
			return null;
		}
		$texts[ $lang ] = array(
			'dated'    => $dated,
			'source'   => $source,
			'emulated' => $emulated,
			'dir'      => $dir,
		);
	}
	return $texts;
}

/**
 * The told count of each petition in finished sentences, which hold their time. Older observatories have none.
 *
 * @param mixed $raw [{id, url {LANG: url}, texts {LANG: text}}] or null.
 * @return array|null
 */
function read_petitions( $raw ) {
	if ( null === $raw ) {
		return array();
	}
	if ( ! is_array( $raw ) || count( $raw ) > MAX_PETITIONS ) {
		return null;
	}
	$petitions = array();
	foreach ( $raw as $each ) {
		$id    = is_array( $each ) ? field( $each, 'id' ) : null;
		$texts = is_array( $each ) ? field( $each, 'texts' ) : null;
		$page  = is_array( $each ) ? read_pages( field( $each, 'url' ) ) : null;
		if ( ! is_petition_id( $id ) || isset( $petitions[ $id ] ) || null === $page ) {
			return null;
		}
		if ( ! is_array( $texts ) || 0 === count( $texts ) || count( $texts ) > MAX_LANGUAGES ) {
			return null;
		}
		foreach ( $texts as $lang => $text ) {
			if ( ! is_language( $lang ) || ! is_text( $text ) || '' === $text ) {
				return null;
			}
		}
		$petitions[ $id ] = array(
			'page'  => $page,
			'texts' => $texts,
		);
	}
	return $petitions;
}

/**
 * Whether something names a petition.
 *
 * @param mixed $id A name.
 * @return bool
 */
function is_petition_id( $id ) {
	return is_string( $id ) && 1 === preg_match( '/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?\z/', $id );
}

/**
 * Whether something is a language tag as the observatory uses them ("fr", "ar", "zgh", "zgh-Latn").
 *
 * @param mixed $lang A key.
 * @return bool
 */
function is_language( $lang ) {
	return is_string( $lang ) && 1 === preg_match( '/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\z/', $lang );
}

/**
 * Whether something is one line of text without control characters. It is still a stranger's: escape it.
 *
 * @param mixed $text A value.
 * @return bool
 */
function is_text( $text ) {
	return is_string( $text ) && strlen( $text ) <= MAX_TEXT_BYTES && 1 === preg_match( '/^[^\x00-\x1F\x7F]*\z/u', $text );
}

/**
 * Whether something names a counter: a country ("MA") or an incident ("MA-2016-01-a").
 *
 * @param mixed $id A name.
 * @return bool
 */
function is_counter_id( $id ) {
	return is_string( $id ) && 1 === preg_match( '/^[A-Za-z0-9][A-Za-z0-9-]{0,63}\z/', $id );
}
