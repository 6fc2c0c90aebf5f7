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

/**
 * Shortcode [voipwatch_counter id="MA" lang="fr" petition="calls"].
 *
 * @param mixed $attributes As WordPress hands them: an array, or '' for none.
 * @return string
 */
function shortcode( $attributes ) {
	$attributes = shortcode_atts(
		array(
			'id'       => '',
			'lang'     => '',
			'petition' => '',
		),
		is_array( $attributes ) ? $attributes : array(),
		'voipwatch_counter'
	);
	return render( $attributes['id'], $attributes['lang'], $attributes['petition'], 'class="voipwatch-counter"' );
}

/**
 * A counter as HTML; '' where there is nothing to show and the reader could not change that.
 *
 * @param mixed  $id       A counter's name; '' for the one of the settings.
 * @param mixed  $lang     A language; '' or 'auto' for the one of the settings, then the site's.
 * @param mixed  $petition A petition whose told count is shown too; '' for none.
 * @param string $wrapper  The attributes of the outer element, escaped.
 * @return string
 */
function render( $id, $lang, $petition, $wrapper ) {
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
	$petition = is_petition_id( $petition ) ? $petition : '';
	$document = document_of( $id );
	$lang     = wanted_language( $lang, $settings['lang'] );
	$inside   = '';
	if ( null !== $document ) {
		$lang   = language_at_hand( $lang, $document['texts'] );
		$inside = inside( $document, $lang, $settings['link'] ? page_url( $document['page'], $lang, $settings['observatory'] ) : '' );
		if ( '' !== $petition ) {
			$inside .= signed( $document, $petition, $lang, $settings );
		}
	} elseif ( current_user_can( 'edit_posts' ) ) {
		$inside = paragraph( esc_html__( 'The observatory has not answered yet. Only editors see this line.', 'voipwatch-counter' ) );
	}
	wp_enqueue_script( 'voipwatch-counter' );
	return sprintf(
		'<div %1$s><voipwatch-counter src="%2$s" lang="%3$s" dir="%4$s"%5$s%6$s>%7$s</voipwatch-counter></div>',
		$wrapper,
		esc_url( document_url( $settings['observatory'], $id ), array( 'https' ) ),
		esc_attr( $lang ),
		esc_attr( null === $document ? 'auto' : $document['texts'][ $lang ]['dir'] ),
		// The script shows a link to the observatory's page unless it is told not to.
		$settings['link'] ? '' : ' nolink',
		'' === $petition ? '' : ' petition="' . esc_attr( $petition ) . '"',
		$inside
	);
}

/**
 * What stands between the element's tags until, and unless, its script replaces it.
 *
 * @param array  $document As read_document().
 * @param string $lang     One of its languages.
 * @param string $page     What the source is linked to; '' for nothing.
 * @return string
 */
function inside( $document, $lang, $page ) {
	$text = $document['texts'][ $lang ];
	$html = paragraph( '<strong>' . words( $text['dated'] ) . '</strong>' );
	if ( '' !== $text['emulated'] ) {
		$html .= paragraph( words( $text['emulated'] ) );
	}
	if ( '' !== $text['source'] ) {
		$source = words( $text['source'] );
		if ( '' !== $page ) {
			$source = sprintf( '<a href="%1$s" hreflang="%2$s">%3$s</a>', esc_url( $page, array( 'https' ) ), esc_attr( $lang ), $source );
		}
		$html .= paragraph( '<small>' . $source . '</small>' );
	}
	return $html;
}

/**
 * The told count of a petition, with its time; nothing for one that the observatory does not tell of.
 *
 * @param array  $document As read_document(); one that was kept by an earlier version has no petitions.
 * @param string $petition As is_petition_id() allows it.
 * @param string $lang     One of the document's languages.
 * @param array  $settings As settings().
 * @return string
 */
function signed( $document, $petition, $lang, $settings ) {
	if ( ! isset( $document['petitions'][ $petition ] ) ) {
		$note = __( 'The observatory tells of no such petition. Only editors see this line.', 'voipwatch-counter' );
		return current_user_can( 'edit_posts' ) ? paragraph( esc_html( $note ) ) : '';
	}
	$told = $document['petitions'][ $petition ];
	$lang = language_at_hand( $lang, $told['texts'] );
	$text = words( $told['texts'][ $lang ] );
	$page = $settings['link'] ? page_url( $told['page'], $lang, $settings['observatory'] ) : '';
	if ( '' !== $page ) {
		$text = sprintf( '<a href="%1$s" hreflang="%2$s">%3$s</a>', esc_url( $page, array( 'https' ) ), esc_attr( $lang ), $text );
	}
	return paragraph( $text );
}

/**
 * The observatory's page about a counter or a petition.
 *
 * @param array  $pages       {LANG: url}.
 * @param string $lang        A language.
 * @param string $observatory As clean_observatory() gives it.
 * @return string '' where there is none.
 */
function page_url( $pages, $lang, $observatory ) {
	$page = isset( $pages[ $lang ] ) ? $pages[ $lang ] : '';
	return 0 === strpos( $page, '../' ) ? $observatory . '/' . substr( $page, 3 ) : $page;
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
		'voipwatch-counter' => $any + array(
			'src'      => true,
			'nolink'   => true,
			'petition' => true,
		),
		'p'                 => array(),
		'strong'            => array(),
		'small'             => array(),
		'a'                 => array(
			'href'     => true,
			'hreflang' => true,
		),
	);
}
