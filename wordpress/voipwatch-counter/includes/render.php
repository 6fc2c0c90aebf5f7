<?php
/**
 * The one function that shows a counter: block, shortcode and widget all end here.
 *
 * What it writes is true for ever ("since ..., as of ..."), because page caches keep it for days. The script, bundled with this
 * plugin, asks the observatory from the reader's browser and then says today's number.
 *
 * @package VoipWatchCounter
 */

namespace VoipWatch\Counter;

defined( 'ABSPATH' ) || exit;

// In the counter's own language, which need not be the site's: WordPress translates into one language a page only.
// %1$s is a day's number or "304–309", %2$s its date.
const LAST_KNOWN = array(
	'en' => 'Last known: day %1$s, on %2$s',
	'fr' => 'Dernier décompte connu : jour %1$s, le %2$s',
	'ar' => 'آخر عدد معروف: اليوم %1$s، بتاريخ %2$s',
);

/**
 * Shortcode [voipwatch_counter id="MA" lang="fr"].
 *
 * @param mixed $attributes As WordPress hands them: an array, or '' for none.
 * @return string
 */
function shortcode( $attributes ) {
	$attributes = shortcode_atts(
		array(
			'id'   => '',
			'lang' => '',
		),
		is_array( $attributes ) ? $attributes : array(),
		'voipwatch_counter'
	);
	return render( $attributes['id'], $attributes['lang'], 'class="voipwatch-counter"' );
}

/**
 * A counter as HTML; '' where there is nothing to show and the reader could not change that.
 *
 * @param mixed  $id      A counter's name; '' for the one of the settings.
 * @param mixed  $lang    A language; '' or 'auto' for the one of the settings, then the site's.
 * @param string $wrapper The attributes of the outer element, escaped.
 * @return string
 */
function render( $id, $lang, $wrapper ) {
	$settings = settings();
	if ( ! is_string( $id ) || '' === $id ) {
		$id = $settings['id'];
	}
	if ( ! is_counter_id( $id ) ) {
		return note( __( 'No counter is chosen: name one here or in the settings.', 'voipwatch-counter' ), $wrapper );
	}
	if ( ! $settings['fetch'] || '' === $settings['observatory'] ) {
		return note( __( 'Nothing is shown before an administrator names an observatory in the settings and agrees to fetch from it.', 'voipwatch-counter' ), $wrapper );
	}
	$document = document_of( $id );
	$lang     = wanted_language( $lang, $settings['lang'] );
	$inside   = '';
	if ( null !== $document ) {
		$lang   = language_at_hand( $lang, $document['texts'] );
		$inside = inside( $document, $lang, $settings['link'], time() );
	} elseif ( current_user_can( 'edit_posts' ) ) {
		$inside = paragraph( esc_html__( 'The observatory has not answered yet. Only editors see this line.', 'voipwatch-counter' ) );
	}
	wp_enqueue_script( 'voipwatch-counter' );
	return sprintf(
		'<div %1$s><voipwatch-counter src="%2$s" lang="%3$s" dir="%4$s">%5$s</voipwatch-counter></div>',
		$wrapper,
		esc_url( document_url( $settings['observatory'], $id ), array( 'https' ) ),
		esc_attr( $lang ),
		esc_attr( null === $document ? 'auto' : $document['texts'][ $lang ]['dir'] ),
		$inside
	);
}

/**
 * What stands between the element's tags until, and unless, its script replaces it.
 *
 * @param array  $document As read_document().
 * @param string $lang     One of its languages.
 * @param bool   $link     Whether the source may be a link.
 * @param int    $now      Seconds since 1970.
 * @return string
 */
function inside( $document, $lang, $link, $now ) {
	$text = $document['texts'][ $lang ];
	$html = paragraph( '<strong>' . words( $text['dated'] ) . '</strong>' );
	if ( null !== $document['last_known'] && ( 'unmeasured' === $document['state'] || $now > $document['valid_until'] ) ) {
		$html .= paragraph( last_known( $document['last_known'], $lang ) );
	}
	if ( '' !== $text['emulated'] ) {
		$html .= paragraph( words( $text['emulated'] ) );
	}
	if ( '' !== $text['source'] ) {
		$source = words( $text['source'] );
		$page   = isset( $document['page'][ $lang ] ) ? $document['page'][ $lang ] : '';
		if ( $link && '' !== $page ) {
			$source = sprintf( '<a href="%1$s" hreflang="%2$s">%3$s</a>', esc_url( $page, array( 'https' ) ), esc_attr( $lang ), $source );
		}
		$html .= paragraph( '<small>' . $source . '</small>' );
	}
	return $html;
}

/**
 * A stranger's text as HTML. Brackets too: WordPress looks for shortcodes in what a block has rendered.
 *
 * @param string $text As the observatory wrote it.
 * @return string
 */
function words( $text ) {
	return str_replace( array( '[', ']' ), array( '&#91;', '&#93;' ), esc_html( $text ) );
}

/**
 * The last count that was known, with its date: never a number of today.
 *
 * @param array  $known {low, high, date}.
 * @param string $lang  The language of the text around.
 * @return string
 */
function last_known( $known, $lang ) {
	$form  = isset( LAST_KNOWN[ $lang ] ) ? LAST_KNOWN[ $lang ] : LAST_KNOWN['en'];
	$range = $known['low'] === $known['high'] ? (string) $known['low'] : $known['low'] . '–' . $known['high'];
	return sprintf(
		esc_html( $form ),
		'<bdi dir="ltr">' . esc_html( $range ) . '</bdi>',
		'<time datetime="' . esc_attr( $known['date'] ) . '"><bdi dir="ltr">' . esc_html( $known['date'] ) . '</bdi></time>'
	);
}

/**
 * A line that only those see who can do something about it.
 *
 * @param string $text    Translated.
 * @param string $wrapper The attributes of the outer element, escaped.
 * @return string
 */
function note( $text, $wrapper ) {
	if ( ! current_user_can( 'edit_posts' ) ) {
		return '';
	}
	/* translators: %s: what is missing. */
	$line = sprintf( __( 'VoipWatch counter: %s Only editors see this line.', 'voipwatch-counter' ), $text );
	return '<div ' . $wrapper . '>' . paragraph( esc_html( $line ) ) . '</div>';
}

/**
 * A paragraph.
 *
 * @param string $html Escaped.
 * @return string
 */
function paragraph( $html ) {
	return '<p>' . $html . '</p>';
}

/**
 * The language that is asked for.
 *
 * @param mixed  $here    Of this counter.
 * @param string $setting Of the settings page.
 * @return string A language tag.
 */
function wanted_language( $here, $setting ) {
	foreach ( array( $here, $setting ) as $lang ) {
		if ( is_language( $lang ) ) {
			return $lang;
		}
	}
	// "fr_FR" and "ary" (Moroccan Arabic) are names of WordPress's own.
	$locale = strtolower( strtok( determine_locale(), '_' ) );
	$locale = 'ary' === $locale ? 'ar' : $locale;
	return is_language( $locale ) ? $locale : 'en';
}

/**
 * The language that the document has: the wanted one, or English, or its first.
 *
 * @param string $wanted A language tag.
 * @param array  $texts  {LANG: text}, at least one.
 * @return string
 */
function language_at_hand( $wanted, $texts ) {
	foreach ( array( $wanted, 'en' ) as $lang ) {
		if ( isset( $texts[ $lang ] ) ) {
			return $lang;
		}
	}
	return (string) array_keys( $texts )[0];
}

/**
 * The elements and attributes that render() writes: the last filter before a block or a widget is echoed.
 *
 * @return array As wp_kses() takes it.
 */
function allowed_html() {
	$any = array(
		'class' => true,
		'id'    => true,
		'style' => true,
		'lang'  => true,
		'dir'   => true,
	);
	return array(
		'div'               => $any,
		'voipwatch-counter' => $any + array( 'src' => true ),
		'p'                 => array(),
		'strong'            => array(),
		'small'             => array(),
		'bdi'               => array( 'dir' => true ),
		'time'              => array( 'datetime' => true ),
		'a'                 => array(
			'href'     => true,
			'hreflang' => true,
		),
	);
}
