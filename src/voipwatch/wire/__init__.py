"""Bytes to messages and back: what a call and its capture are made of.

`decode_x` turns untrusted bytes into a frozen message and raises `WireError` alone; `encode_x` turns it back
into the same bytes. Nothing is repaired: order, duplicates, unknown values, padding and lies survive, because
they are evidence. `demultiplex` says whose decoder to ask. `stun` with its `stun_*` files, `turn` and
`ms_turn` are the set-up of WebRTC and the messengers; `sip` and `sdp` that of telephony; `dtls*` the
handshake; `rtp*` and `rtcp*` the media; `ip`, `udp`, `tcp` and `pcap` what the lab and the judge of profiles
put around them. `token`, `place`, `derive`, `farlog` and `tls` are voipwatch's own, between its two ends.
Nothing here opens a socket, reads a clock or throws dice.
"""

from voipwatch.wire.address import TransportAddress
from voipwatch.wire.cursor import Cursor
from voipwatch.wire.demux import Kind, demultiplex
from voipwatch.wire.dtls import (
    DtlsCiphertext,
    DtlsHandshake,
    DtlsRecord,
    decode_dtls,
    decode_handshake,
    encode_dtls,
    encode_handshake,
    first_handshake,
)
from voipwatch.wire.dtls_build import (
    build_application_data,
    build_client_finish,
    build_client_hello,
    build_hello_verify_request,
    build_server_finish,
    build_server_flight,
)
from voipwatch.wire.dtls_hello import (
    ClientHello,
    DtlsExtension,
    HelloVerifyRequest,
    ServerHello,
    decode_client_hello,
    decode_hello_verify_request,
    decode_server_hello,
    encode_client_hello,
    encode_hello_verify_request,
    encode_server_hello,
)
from voipwatch.wire.errors import WireError
from voipwatch.wire.ip import IpPacket, decode_ip, encode_ip
from voipwatch.wire.ms_turn import MultiplexedTurn, decode_multiplexed_turn, encode_multiplexed_turn
from voipwatch.wire.pcap import PcapPacket, decode_pcap, encode_pcap
from voipwatch.wire.rtcp import RtcpCompound, RtcpPacket, RtcpType, decode_rtcp, encode_rtcp
from voipwatch.wire.rtp import RtpExtension, RtpPacket, decode_rtp, encode_rtp
from voipwatch.wire.rtp_extension import (
    ExtensionElement,
    decode_extension_elements,
    encode_extension_elements,
)
from voipwatch.wire.sdp import SdpSession, build_sdp, decode_sdp, encode_sdp
from voipwatch.wire.sip import (
    SipHeader,
    SipMessage,
    build_sip_request,
    build_sip_response,
    decode_sip,
    encode_sip,
    sip_header,
)
from voipwatch.wire.stun import (
    StunAttribute,
    StunClass,
    StunMessage,
    decode_stun,
    encode_stun,
    message_type,
)
from voipwatch.wire.stun_build import build_stun
from voipwatch.wire.tcp import TcpFlag, TcpSegment, build_tcp_packet, decode_tcp, encode_tcp
from voipwatch.wire.turn import (
    ChannelData,
    RelayedDatagram,
    build_channel_data,
    build_data_indication,
    build_send_indication,
    decode_channel_data,
    encode_channel_data,
    relayed_datagram,
)
from voipwatch.wire.udp import (
    UdpDatagram,
    build_udp_packet,
    decode_udp,
    decode_udp_packet,
    encode_udp,
)

__all__ = [
    "ChannelData",
    "ClientHello",
    "Cursor",
    "DtlsCiphertext",
    "DtlsExtension",
    "DtlsHandshake",
    "DtlsRecord",
    "ExtensionElement",
    "HelloVerifyRequest",
    "IpPacket",
    "Kind",
    "MultiplexedTurn",
    "PcapPacket",
    "RelayedDatagram",
    "RtcpCompound",
    "RtcpPacket",
    "RtcpType",
    "RtpExtension",
    "RtpPacket",
    "SdpSession",
    "ServerHello",
    "SipHeader",
    "SipMessage",
    "StunAttribute",
    "StunClass",
    "StunMessage",
    "TcpFlag",
    "TcpSegment",
    "TransportAddress",
    "UdpDatagram",
    "WireError",
    "build_application_data",
    "build_channel_data",
    "build_client_finish",
    "build_client_hello",
    "build_data_indication",
    "build_hello_verify_request",
    "build_sdp",
    "build_send_indication",
    "build_server_finish",
    "build_server_flight",
    "build_sip_request",
    "build_sip_response",
    "build_stun",
    "build_tcp_packet",
    "build_udp_packet",
    "decode_channel_data",
    "decode_client_hello",
    "decode_dtls",
    "decode_extension_elements",
    "decode_handshake",
    "decode_hello_verify_request",
    "decode_ip",
    "decode_multiplexed_turn",
    "decode_pcap",
    "decode_rtcp",
    "decode_rtp",
    "decode_sdp",
    "decode_server_hello",
    "decode_sip",
    "decode_stun",
    "decode_tcp",
    "decode_udp",
    "decode_udp_packet",
    "demultiplex",
    "encode_channel_data",
    "encode_client_hello",
    "encode_dtls",
    "encode_extension_elements",
    "encode_handshake",
    "encode_hello_verify_request",
    "encode_ip",
    "encode_multiplexed_turn",
    "encode_pcap",
    "encode_rtcp",
    "encode_rtp",
    "encode_sdp",
    "encode_server_hello",
    "encode_sip",
    "encode_stun",
    "encode_tcp",
    "encode_udp",
    "first_handshake",
    "message_type",
    "relayed_datagram",
    "sip_header",
]
